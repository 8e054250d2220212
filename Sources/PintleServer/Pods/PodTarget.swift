package import PintleClient
package import PintleObjects
import PintleStore

/// A pod that streams are wanted of, and the choice of its container.
struct PodTarget: Sendable {
    let pod: JSON
    let namespace: String
    let name: String

    var uid: String { pod["metadata"]["uid"].string ?? "" }
    var node: String { pod["spec"]["nodeName"].string ?? "" }
    var phase: String { pod["status"]["phase"].string ?? "" }

    init(_ object: CachedObject) {
        pod = object.json
        namespace = object.key.namespace
        name = object.key.name
    }

    /// The container that the request names, or the only one, or the one that an annotation names.
    ///
    /// - Throws: 400 when there is no such container, or several and none is named.
    func container(_ wanted: String?) throws(StatusError) -> ContainerTarget {
        let containers = names("containers")
        let others = names("initContainers") + names("ephemeralContainers")
        let preferred = pod["metadata"]["annotations"]["kubectl.kubernetes.io/default-container"].string
        let chosen: String
        if let wanted, !wanted.isEmpty {
            guard (containers + others).contains(wanted) else {
                throw .badRequest("container \(wanted) is not valid for pod \(name)")
            }
            chosen = wanted
        } else if containers.count == 1 {
            chosen = containers[0]
        } else if let preferred, containers.contains(preferred) {
            chosen = preferred
        } else {
            throw .badRequest(choose(containers))
        }
        return ContainerTarget(namespace: namespace, pod: name, uid: uid, container: chosen)
    }

    private func choose(_ containers: [String]) -> String {
        let inits = names("initContainers")
        var text =
            "a container name must be specified for pod \(name), choose one of: [\(containers.joined(separator: " "))]"
        if !inits.isEmpty { text += " or one of the init containers: [\(inits.joined(separator: " "))]" }
        return text
    }

    private func names(_ list: String) -> [String] {
        (pod["spec"][list].array ?? []).compactMap { $0["name"].string }
    }

    /// - Throws: 400 when the pod runs nowhere.
    func requireNode() throws(StatusError) {
        if node.isEmpty { throw .badRequest("pod \(name) does not have a host assigned") }
    }
}

extension LogOptions {
    /// Reads `kubectl logs`' query parameters.
    ///
    /// - Throws: 422 in the words of `PodLogOptions`.
    package init(_ query: (String) -> String?) throws(StatusError) {
        self.init()
        var faults: [FieldError] = []
        func number(_ name: String, atLeast least: Int) -> Int? {
            guard let text = query(name), !text.isEmpty else { return nil }
            guard let value = Int(text) else {
                faults.append(.invalid(name, .string(text), "must be an integer"))
                return nil
            }
            if value < least {
                faults.append(
                    .invalid(
                        name, .integer(Int64(value)),
                        least == 0 ? "must be greater than or equal to 0" : "must be greater than 0"))
            }
            return value
        }
        func flag(_ name: String) -> Bool { query(name).map { $0 != "false" && $0 != "0" } ?? false }
        follow = flag("follow")
        previous = flag("previous")
        timestamps = flag("timestamps")
        tailLines = number("tailLines", atLeast: 0)
        limitBytes = number("limitBytes", atLeast: 1)
        sinceSeconds = number("sinceSeconds", atLeast: 1)
        if let text = query("sinceTime"), !text.isEmpty {
            sinceTime = Timestamp(rfc3339: text)?.nanoseconds
            if sinceTime == nil { faults.append(.invalid("sinceTime", .string(text), "must be a time of RFC 3339")) }
        }
        // Choosing one stream is an alpha feature of Kubernetes, refused in its words where it is off.
        if let stream = query("stream"), !stream.isEmpty, stream != "All" {
            faults.append(.forbidden("stream", "may not be specified"))
        }
        if sinceSeconds != nil, sinceTime != nil {
            faults.append(.forbidden("", "at most one of `sinceTime` or `sinceSeconds` may be specified"))
        }
        if !faults.isEmpty { throw .invalid(kind: "PodLogOptions", group: "", name: "", causes: faults) }
    }
}
