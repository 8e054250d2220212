internal import PintleObjects

/// A container's mounts in the pod's status.
enum VolumeMountStatus {
    /// The list `volumeMounts` of a container's status, from the container's spec.
    ///
    /// What is read-only says whether mounts below it are so too: this node's kernel always can, so `IfPossible` is
    /// `Enabled`.
    static func list(_ container: JSON) -> JSON {
        .array(
            (container["volumeMounts"].array ?? []).map { mount in
                var status: JSON = ["name": mount["name"], "mountPath": mount["mountPath"]]
                guard mount["readOnly"].bool == true else { return status }
                status["readOnly"] = true
                let isRecursive = ["Enabled", "IfPossible"].contains(mount["recursiveReadOnly"].string ?? "")
                status["recursiveReadOnly"] = isRecursive ? "Enabled" : "Disabled"
                return status
            })
    }
}
