internal import PintleObjects

/// What a container's resources are for `resourceFieldRef`.
///
/// No I/O.
struct ResourceField {
    let pod: JSON
    /// The node's `status.allocatable`: what a limit is that nobody set.
    let allocatable: JSON

    /// The number that `reference` means for `container`, in units of its divisor, rounded up.
    ///
    /// Nil for a resource that does not exist.
    func text(_ reference: JSON, _ container: JSON) -> String? {
        let path = reference["resource"].string ?? ""
        guard let dot = path.firstIndex(of: ".") else { return nil }
        let name = String(path[path.index(after: dot)...])
        guard ["cpu", "memory", "ephemeral-storage"].contains(name) || name.hasPrefix("hugepages-") else { return nil }
        let amount: Quantity
        switch path[..<dot] {
        case "limits": amount = limit(name, container)
        case "requests": amount = Quantity(container["resources"]["requests"][name]) ?? Self.nothing
        default: return nil
        }
        let one = Quantity(1 as Int64)
        let given = Quantity(reference["divisor"]) ?? one
        let divisor = given.isZero ? one : given
        return name == "cpu"
            ? Self.quotient(amount.milliValue, divisor.milliValue) : Self.quotient(amount.value, divisor.value)
    }

    /// The container `reference` names, or `own`.
    func container(_ reference: JSON, own: JSON?) -> JSON? {
        guard let name = reference["containerName"].string, !name.isEmpty else { return own }
        return PodReferences.containers(pod).first { $0["name"].string == name }
    }

    private func limit(_ name: String, _ container: JSON) -> Quantity {
        if let set = Quantity(container["resources"]["limits"][name]), !set.isZero { return set }
        guard !name.hasPrefix("hugepages-") else { return Self.nothing }
        if let set = Quantity(pod["spec"]["resources"]["limits"][name]), !set.isZero { return set }
        return Quantity(allocatable[name]) ?? Self.nothing
    }

    private static let nothing = Quantity(0 as Int64)

    private static func quotient(_ amount: Int64, _ divisor: Int64) -> String {
        guard divisor > 0 else { return "0" }
        let (quotient, rest) = amount.quotientAndRemainder(dividingBy: divisor)
        return "\(quotient + (rest > 0 ? 1 : 0))"
    }
}
