import PintleObjects

/// Amounts of resources: what a node offers, what a pod asks for.
struct Amounts: Sendable, Equatable {
    /// Thousandths of a core.
    var cpu: Int64 = 0
    /// Bytes.
    var memory: Int64 = 0
    /// Bytes.
    var storage: Int64 = 0
    /// Huge pages in bytes, devices in pieces.
    var others: [String: Int64] = [:]

    init() {}

    /// No machine has more of anything; larger amounts are cut off, so that sums can't overflow.
    private static let maximum: Int64 = 1 << 50

    init(_ quantities: [String: Quantity]) {
        for (name, quantity) in quantities {
            self[name] = min(name == "cpu" ? quantity.milliValue : quantity.value, Self.maximum)
        }
    }

    /// A resource list of an object; `pods` is left out.
    init(list: JSON) {
        var quantities: [String: Quantity] = [:]
        for (name, value) in list.object?.members ?? [] where name != "pods" { quantities[name] = Quantity(value) }
        self.init(quantities)
    }

    subscript(_ name: String) -> Int64 {
        get {
            switch name {
            case "cpu": cpu
            case "memory": memory
            case "ephemeral-storage": storage
            default: others[name] ?? 0
            }
        }
        set {
            switch name {
            case "cpu": cpu = newValue
            case "memory": memory = newValue
            case "ephemeral-storage": storage = newValue
            default: others[name] = newValue == 0 ? nil : newValue
            }
        }
    }

    /// The names of all resources that aren't zero, in a fixed order.
    var names: [String] {
        ["cpu", "memory", "ephemeral-storage"].filter { self[$0] != 0 } + others.keys.sorted()
    }

    static func += (left: inout Amounts, right: Amounts) { left.merge(right, &+) }
    static func -= (left: inout Amounts, right: Amounts) { left.merge(right, &-) }

    private mutating func merge(_ other: Amounts, _ combine: (Int64, Int64) -> Int64) {
        cpu = combine(cpu, other.cpu)
        memory = combine(memory, other.memory)
        storage = combine(storage, other.storage)
        for (name, value) in other.others { self[name] = combine(self[name], value) }
    }
}
