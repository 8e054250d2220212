internal import PintleObjects

/// What a pod requests must be free: the sum of requests counts, not the use.
enum ResourceAdmission {
    static func check(_ request: AdmissionRequest) -> AdmissionRejection? {
        let allocatable = request.node.resources.allocatable
        let most = allocatable["pods"]?.value ?? 0
        if Int64(request.others.count) + 1 > most {
            return rejection("pods", 1, Int64(request.others.count), most)
        }
        let wanted = AdmittedPod(request.pod).requests
        for name in order(wanted.keys) {
            guard let amount = wanted[name], amount > Quantity(0) else { continue }
            // A resource that no device plug-in has offered is not the node's business.
            guard let whole = allocatable[name] ?? (isExtended(name) ? nil : Quantity(0)) else { continue }
            let used = request.others.reduce(Quantity(0)) { $0 + ($1.requests[name] ?? Quantity(0)) }
            if amount > whole - used {
                return rejection(name, number(amount, name), number(used, name), number(whole, name))
            }
        }
        return nil
    }

    private static func rejection(_ name: String, _ wanted: Int64, _ used: Int64, _ whole: Int64) -> AdmissionRejection
    {
        AdmissionRejection(
            "OutOf\(name)",
            "Node didn't have enough resource: \(name), requested: \(wanted), used: \(used), capacity: \(whole)")
    }

    /// CPUs are told in thousandths.
    private static func number(_ amount: Quantity, _ name: String) -> Int64 {
        name == "cpu" ? amount.milliValue : amount.value
    }

    private static func isExtended(_ name: String) -> Bool {
        name.contains("/") && !name.hasPrefix("kubernetes.io/") && !name.contains(".kubernetes.io/")
    }

    /// Kubernetes' order: cpu, memory, ephemeral-storage, then the others.
    private static func order(_ names: some Sequence<String>) -> [String] {
        let first = ["cpu", "memory", "ephemeral-storage"]
        return first + names.filter { !first.contains($0) }.sorted()
    }
}
