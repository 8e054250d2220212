internal import PintleNodePolicy
internal import PintleObjects

/// What the node has, and what of it pods may request.
struct NodeResources: Sendable, Hashable {
    var capacity: [String: Quantity]
    var allocatable: [String: Quantity]

    /// Works it out: what is reserved, and what hard eviction thresholds keep free, is not for pods.
    ///
    /// - Parameters:
    ///   - machine: What there is.
    ///   - policy: What is reserved.
    ///   - maxPods: How many pods may run.
    init(_ machine: Machine, _ policy: NodePolicy, maxPods: Int64) {
        var capacity: [String: Quantity] = [
            "cpu": Quantity(machine.cpus), "memory": Quantity(machine.memoryBytes, format: .binary),
            "ephemeral-storage": Quantity(machine.diskBytes, format: .binary), "pods": Quantity(maxPods),
        ]
        for (size, pages) in machine.hugePages {
            capacity["hugepages-\(Self.binary(size))"] = Quantity(
                size.multipliedReportingOverflow(by: pages).partialValue, format: .binary)
        }
        var allocatable = capacity
        for (name, whole) in capacity where name != "pods" {
            var left = whole - policy.reserved(name)
            for threshold in policy.evictionHard where threshold.signal == Self.signals[name] {
                left = left - Quantity(threshold.amount.of(whole.value), format: .binary)
            }
            // Huge pages come out of the memory.
            if name == "memory" {
                for (name, pages) in capacity where name.hasPrefix("hugepages-") { left = left - pages }
            }
            allocatable[name] = Quantity(nanos: max(0, left.nanos), format: whole.format)
        }
        if let storage = allocatable["ephemeral-storage"] {
            allocatable["ephemeral-storage"] = Quantity(storage.value)
        }
        self.capacity = capacity
        self.allocatable = allocatable
    }

    private static let signals: [String: EvictionThreshold.Signal] = [
        "memory": .memoryAvailable, "ephemeral-storage": .nodefsAvailable,
    ]

    /// A resource list; memory in KiB, as the kubelet prints it.
    static func json(_ list: [String: Quantity]) -> JSON {
        var object = JSONObject()
        for (name, quantity) in list.sorted(by: { $0.key < $1.key }) {
            let kibibytes = quantity.format == .binary && quantity.value % 1024 == 0 && quantity.value > 0
            let isSmall = name == "memory" || name == "ephemeral-storage"
            object[name] = .string(kibibytes && isSmall ? "\(quantity.value / 1024)Ki" : quantity.text)
        }
        return .object(object)
    }

    private static func binary(_ bytes: Int64) -> String { Quantity(bytes, format: .binary).text }
}
