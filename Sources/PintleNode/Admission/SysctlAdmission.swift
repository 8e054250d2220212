internal import PintleObjects

/// Whether a pod's kernel parameters are ones that this node lets pods set.
enum SysctlAdmission {
    /// Whose namespace a parameter belongs to.
    enum Namespace: String, Sendable {
        case ipc, net
    }

    /// Parameters that act inside the pod only and take nothing from others.
    static let safe = [
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ping_group_range", "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_rmem", "net.ipv4.tcp_syncookies", "net.ipv4.tcp_wmem",
    ]

    /// Why the pod can't run here, or nil.
    ///
    /// - Parameters:
    ///   - pod: The pod.
    ///   - allowed: Further names, or patterns that end with `*`, from the node's configuration.
    /// - Returns: A reason and a sentence, as kubelet has them.
    static func check(pod: JSON, allowedUnsafe allowed: [String]) -> (reason: String, message: String)? {
        let spec = pod["spec"]
        for sysctl in spec["securityContext"]["sysctls"].array ?? [] {
            let name = dotted(sysctl["name"].string ?? "")
            if let problem = problem(
                name, allowed, hostNetwork: spec["hostNetwork"].bool == true, hostIPC: spec["hostIPC"].bool == true)
            {
                return ("SysctlForbidden", "forbidden sysctl: \"\(name)\" \(problem)")
            }
        }
        return nil
    }

    private static func problem(_ name: String, _ allowed: [String], hostNetwork: Bool, hostIPC: Bool) -> String? {
        let isAllowed = safe.contains(name) || allowed.contains { matches(name, pattern: dotted($0)) }
        guard isAllowed, let namespace = namespace(of: name) else { return "not allowlisted" }
        switch namespace {
        case .net where hostNetwork, .ipc where hostIPC:
            return "not allowed with host \(namespace.rawValue) enabled"
        default: return nil
        }
    }

    private static func matches(_ name: String, pattern: String) -> Bool {
        pattern.hasSuffix("*") ? name.hasPrefix(pattern.dropLast()) : name == pattern
    }

    /// What keeps a parameter, or the parameters of a pattern, apart from the node's; nil when nothing does.
    static func namespace(of name: String) -> Namespace? {
        if name == "kernel.sem" || ["kernel.shm", "kernel.msg", "fs.mqueue."].contains(where: name.hasPrefix) {
            return .ipc
        }
        return name.hasPrefix("net.") ? .net : nil
    }

    /// With dots between its parts.
    ///
    /// A name whose first separator is a slash has the two the other way round: `net/ipv4/conf/eth0.1/forwarding`.
    static func dotted(_ name: String) -> String {
        guard let separator = name.first(where: { $0 == "." || $0 == "/" }), separator == "/" else { return name }
        return String(name.map { $0 == "/" ? "." : $0 == "." ? "/" : $0 })
    }
}
