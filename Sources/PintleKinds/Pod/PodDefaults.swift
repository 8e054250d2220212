import PintleObjects

/// The defaults of a pod that depend on its other fields, and the canonical form of what it leaves empty.
enum PodDefaults {
    /// Fills `pod`; calling it again changes nothing.
    static func apply(to pod: inout JSON) {
        pod["spec"].setDefault("containers", .array([]))
        apply(toSpec: &pod["spec"])
        if pod["status"].isNull { pod["status"] = [:] }
        PodStatusDefaults.apply(to: &pod["status"])
    }

    private static func apply(toSpec spec: inout JSON) {
        for flag in ["hostNetwork", "hostPID", "hostIPC"] { spec.dropIfZero(flag) }
        for name in ["nodeName", "hostname", "subdomain", "priorityClassName"] { spec.dropIfZero(name) }
        applyServiceAccount(to: &spec)

        spec.editEach("volumes", VolumeDefaults.apply)
        let hostNetwork = spec["hostNetwork"].isTrue
        for list in ["initContainers", "containers"] {
            spec.editEach(list) { ContainerDefaults.apply(to: &$0, hostNetwork: hostNetwork) }
        }
        spec.editEach("ephemeralContainers") { ContainerDefaults.apply(to: &$0, hostNetwork: false) }
        applyPodResources(to: &spec)

        spec.setDefaultOverZero("restartPolicy", "Always")
        spec.setDefault("terminationGracePeriodSeconds", 30)
        if let period = spec["terminationGracePeriodSeconds"].int, period < 0 {
            spec["terminationGracePeriodSeconds"] = 1
        }
        spec.setDefaultOverZero("dnsPolicy", "ClusterFirst")
        spec.setDefault("securityContext", [:])
        spec.setDefaultOverZero("schedulerName", "default-scheduler")
        spec.setDefault("enableServiceLinks", true)
        for list in ["tolerations", "nodeSelector", "imagePullSecrets", "initContainers", "volumes", "schedulingGates"]
        {
            spec.dropIfZero(list)
        }
    }

    /// `serviceAccount` is the old name of `serviceAccountName`; both are kept the same.
    private static func applyServiceAccount(to spec: inout JSON) {
        if spec["serviceAccountName"].text.isEmpty, spec["serviceAccount"].text.isEmpty == false {
            spec["serviceAccountName"] = spec["serviceAccount"]
        }
        spec.dropIfZero("serviceAccountName")
        spec.restore("serviceAccount", from: ["serviceAccount": spec["serviceAccountName"]])
    }

    /// Requests of the whole pod: what its containers ask for together, otherwise the pod's limits.
    private static func applyPodResources(to spec: inout JSON) {
        let limits = spec["resources"]["limits"]
        guard limits.isAbsentOrEmpty == false else { return }
        let containers = PodResources.containerRequests(of: spec)
        for (name, limit) in limits.entries where spec["resources"]["requests"][name].isNull {
            if let sum = containers[name] {
                spec["resources"]["requests"][name] = .string(sum.description)
            } else {
                spec["resources"]["requests"][name] = limit
            }
        }
    }
}

extension JSON {
    /// Removes `self[key]` if it holds what Go leaves out when it encodes: an empty value, `false` or 0.
    mutating func dropIfZero(_ key: String) {
        let value = self[key]
        if value.isAbsentOrEmpty || value == .bool(false) || value == .integer(0) { remove(key) }
    }
}
