import PintleObjects

/// What Kubernetes' default admission plugins do to pods, as far as the pod itself tells all there is to know.
enum PodAdmission {
    static func admit(_ pod: inout JSON, old: JSON?) throws(StatusError) {
        let name = pod["metadata"]["name"].text
        if let old {
            pod["spec"].inherit("priority", from: old["spec"])
            pod["spec"].inherit("preemptionPolicy", from: old["spec"])
        } else {
            try setPriority(of: &pod["spec"], pod: name)
            try checkRuntimeClass(of: pod["spec"], pod: name)
            if pod["spec"]["serviceAccountName"].text.isEmpty,
                pod["metadata"]["annotations"]["kubernetes.io/config.mirror"].isNull
            {
                pod["spec"]["serviceAccountName"] = "default"
                pod["spec"]["serviceAccount"] = "default"
            }
        }
        addDefaultTolerations(to: &pod["spec"])
    }

    /// The plugin `Priority`, with the two classes that every cluster has.
    private static func setPriority(of spec: inout JSON, pod: String) throws(StatusError) {
        let className = spec["priorityClassName"].text
        let priority: Int64
        switch className {
        case "": priority = 0
        case "system-node-critical": priority = 2_000_001_000
        case "system-cluster-critical": priority = 2_000_000_000
        default:
            throw .forbidden(
                group: "", resource: "pods", name: pod, "no PriorityClass with name \(className) was found")
        }
        if let given = spec["priority"].int, given != priority {
            throw .forbidden(
                group: "", resource: "pods", name: pod,
                "the integer value of priority (\(given)) must not be provided in pod spec; priority admission "
                    + "controller computed \(priority) from the given PriorityClass name")
        }
        spec["priority"] = .integer(priority)
        if let given = spec["preemptionPolicy"].string, given != "PreemptLowerPriority" {
            throw .forbidden(
                group: "", resource: "pods", name: pod,
                "the string value of PreemptionPolicy (\(given)) must not be provided in pod spec; priority admission "
                    + "controller computed PreemptLowerPriority from the given PriorityClass name")
        }
        spec["preemptionPolicy"] = "PreemptLowerPriority"
    }

    /// The plugin `RuntimeClass`: no such class exists here.
    private static func checkRuntimeClass(of spec: JSON, pod: String) throws(StatusError) {
        if let name = spec["runtimeClassName"].string, name.isEmpty == false {
            throw .forbidden(
                group: "", resource: "pods", name: pod, "pod rejected: RuntimeClass \(goQuoted(name)) not found")
        }
        if spec["overhead"].isAbsentOrEmpty == false {
            throw .forbidden(
                group: "", resource: "pods", name: pod,
                "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead")
        }
    }

    /// The plugin `DefaultTolerationSeconds`: a pod outlives five minutes of an unreachable node.
    private static func addDefaultTolerations(to spec: inout JSON) {
        for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
            let tolerated = spec["tolerations"].items.contains { toleration in
                let effect = toleration["effect"].text
                let tolerated = toleration["key"].text
                return (tolerated == key || tolerated.isEmpty) && (effect == "NoExecute" || effect.isEmpty)
            }
            if tolerated { continue }
            if spec["tolerations"].array == nil { spec["tolerations"] = .array([]) }
            spec["tolerations"].updateArray {
                $0.append(["key": .string(key), "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300])
            }
        }
    }
}

extension JSON {
    /// Takes `old[key]` over unless `self[key]` is there.
    fileprivate mutating func inherit(_ key: String, from old: JSON) {
        if self[key].isNull, old[key].isSet { self[key] = old[key] }
    }
}
