internal import PintleObjects

/// What a pod can tell its containers of itself by `fieldRef`.
///
/// No I/O.
struct PodField {
    let pod: JSON
    var podIPs: [String] = []
    var hostIPs: [String] = []

    /// The text of a field, such as `metadata.labels['app']` or `status.podIP`; nil for a field that does not exist.
    func text(_ path: String) -> String? {
        if let (base, key) = Self.subscripted(path) {
            switch base {
            case "metadata.labels": return pod["metadata"]["labels"][key].string ?? ""
            case "metadata.annotations": return pod["metadata"]["annotations"][key].string ?? ""
            default: return nil
            }
        }
        let metadata = pod["metadata"], spec = pod["spec"]
        switch path {
        case "metadata.name": return metadata["name"].string ?? ""
        case "metadata.namespace": return metadata["namespace"].string ?? ""
        case "metadata.uid": return metadata["uid"].string ?? ""
        case "metadata.labels": return Self.lines(metadata["labels"])
        case "metadata.annotations": return Self.lines(metadata["annotations"])
        case "spec.nodeName", "spec.host": return spec["nodeName"].string ?? ""
        case "spec.serviceAccountName": return spec["serviceAccountName"].string ?? ""
        case "spec.restartPolicy": return spec["restartPolicy"].string ?? ""
        case "spec.schedulerName": return spec["schedulerName"].string ?? ""
        case "status.phase": return pod["status"]["phase"].string ?? ""
        case "status.podIP": return podIPs.first ?? ""
        case "status.podIPs": return podIPs.joined(separator: ",")
        case "status.hostIP": return hostIPs.first ?? ""
        case "status.hostIPs": return hostIPs.joined(separator: ",")
        default: return nil
        }
    }

    /// `key="value"` lines in the order of the keys, values quoted as Go does it.
    private static func lines(_ map: JSON) -> String {
        (map.object?.members ?? []).sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            .map { "\($0.key)=\(goQuoted($0.value.string ?? ""))" }.joined(separator: "\n")
    }

    /// `a.b['key']` taken apart; nil for a path without subscript.
    private static func subscripted(_ path: String) -> (base: String, key: String)? {
        guard path.hasSuffix("']"), let open = path.firstRange(of: "['") else { return nil }
        return (String(path[..<open.lowerBound]), String(path[open.upperBound...].dropLast(2)))
    }
}
