internal import PintleObjects

/// Limits on what a pod may write to the node's disk.
enum LocalStorageLimits {
    /// Whether a pod has any, so that it must be measured.
    static func has(_ pod: JSON) -> Bool {
        let volumes = (pod["spec"]["volumes"].array ?? []).contains { limit($0) != nil }
        return volumes || containers(pod).contains { storage($0) != nil }
    }

    /// What is wrong with a pod's use, in the kubelet's words; nil when nothing is.
    static func excess(_ pod: JSON, _ usage: PodUsage) -> String? {
        for volume in pod["spec"]["volumes"].array ?? [] {
            let name = volume["name"].string ?? ""
            if let limit = limit(volume), let used = usage.volumes[name], used > limit.value {
                return "Usage of EmptyDir volume \"\(name)\" exceeds the limit \"\(limit.text)\". "
            }
        }
        var total = Quantity(0, format: .binary)
        for container in containers(pod) {
            if let limit = storage(container) { total = total + limit }
        }
        if total.value > 0, usage.totalDisk > total.value {
            return "Pod ephemeral local storage usage exceeds the total limit of containers \(total.text). "
        }
        for container in containers(pod) {
            let name = container["name"].string ?? ""
            if let limit = storage(container), let used = usage.disk[name], used > limit.value {
                return "Container \(name) exceeded its local ephemeral storage limit \"\(limit.text)\". "
            }
        }
        return nil
    }

    private static func containers(_ pod: JSON) -> [JSON] {
        let sidecars = (pod["spec"]["initContainers"].array ?? []).filter { $0["restartPolicy"].string == "Always" }
        return (pod["spec"]["containers"].array ?? []) + sidecars
    }

    private static func storage(_ container: JSON) -> Quantity? {
        Quantity(container["resources"]["limits"]["ephemeral-storage"]).flatMap { $0.value > 0 ? $0 : nil }
    }

    /// The limit of a volume on disk; one in memory is limited by the kernel.
    private static func limit(_ volume: JSON) -> Quantity? {
        let source = volume["emptyDir"]
        guard !source.isNull, source["medium"].string != "Memory" else { return nil }
        return Quantity(source["sizeLimit"]).flatMap { $0.value > 0 ? $0 : nil }
    }
}
