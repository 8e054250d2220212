internal import PintleObjects

/// Whether the node can confine a pod with AppArmor as the pod asks.
enum AppArmorAdmission {
    /// Why the pod can't run here, or nil.
    ///
    /// - Parameters:
    ///   - pod: The pod.
    ///   - isEnabled: Whether this kernel has AppArmor and it is on.
    /// - Returns: A reason and a sentence, as kubelet has them.
    static func check(pod: JSON, isEnabled: Bool) -> (reason: String, message: String)? {
        guard !isEnabled, isRequired(pod) else { return nil }
        return ("AppArmor", "Cannot enforce AppArmor: AppArmor is not enabled on the host")
    }

    /// Whether a profile other than `Unconfined` is asked for, by a field or by one of the annotations before it.
    private static func isRequired(_ pod: JSON) -> Bool {
        let spec = pod["spec"]
        let containers = ["initContainers", "containers", "ephemeralContainers"].flatMap { spec[$0].array ?? [] }
        let profiles = [spec["securityContext"]] + containers.map { $0["securityContext"] }
        if profiles.contains(where: { context in
            context["appArmorProfile"]["type"].string.map { $0 != "Unconfined" } ?? false
        }) {
            return true
        }
        let annotations = pod["metadata"]["annotations"].object?.members ?? []
        return annotations.contains { key, value in
            key.hasPrefix("container.apparmor.security.beta.kubernetes.io/")
                && value.string.map { !$0.isEmpty && $0 != "unconfined" } == true
        }
    }
}
