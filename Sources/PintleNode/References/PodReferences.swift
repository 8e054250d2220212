internal import PintleObjects

/// Finds what a pod refers to.
///
/// No I/O.
enum PodReferences {
    /// Everything that the pod's variables and volumes are made of.
    static func all(_ pod: JSON) -> Set<Reference> {
        let namespace = pod["metadata"]["namespace"].string ?? "default"
        var found: Set<Reference> = []
        for container in containers(pod) {
            for entry in container["env"].array ?? [] {
                let from = entry["valueFrom"]
                insert(from["configMapKeyRef"]["name"], &found) { .configMap(namespace: namespace, name: $0) }
                insert(from["secretKeyRef"]["name"], &found) { .secret(namespace: namespace, name: $0) }
            }
            for source in container["envFrom"].array ?? [] {
                insert(source["configMapRef"]["name"], &found) { .configMap(namespace: namespace, name: $0) }
                insert(source["secretRef"]["name"], &found) { .secret(namespace: namespace, name: $0) }
            }
        }
        for volume in pod["spec"]["volumes"].array ?? [] { found.formUnion(self.volume(volume, namespace: namespace)) }
        found.formUnion(services(pod))
        return found
    }

    /// What one volume is made of.
    static func volume(_ volume: JSON, namespace: String) -> Set<Reference> {
        var found: Set<Reference> = []
        insert(volume["configMap"]["name"], &found) { .configMap(namespace: namespace, name: $0) }
        insert(volume["secret"]["secretName"], &found) { .secret(namespace: namespace, name: $0) }
        for source in volume["projected"]["sources"].array ?? [] {
            insert(source["configMap"]["name"], &found) { .configMap(namespace: namespace, name: $0) }
            insert(source["secret"]["name"], &found) { .secret(namespace: namespace, name: $0) }
        }
        return found
    }

    /// The Services that the pod is told of: those of its namespace unless it says no, and always the API's own.
    static func services(_ pod: JSON) -> Set<Reference> {
        let namespace = pod["metadata"]["namespace"].string ?? "default"
        var found: Set<Reference> = [apiService]
        if pod["spec"]["enableServiceLinks"].bool != false { found.insert(.services(namespace: namespace)) }
        return found
    }

    /// The Service `kubernetes`.
    static let apiService = Reference.service(namespace: "default", name: "kubernetes")

    /// Containers of every sort.
    static func containers(_ pod: JSON) -> [JSON] {
        ["initContainers", "containers", "ephemeralContainers"].flatMap { pod["spec"][$0].array ?? [] }
    }

    private static func insert(_ name: JSON, _ found: inout Set<Reference>, _ make: (String) -> Reference) {
        if let name = name.string, !name.isEmpty { found.insert(make(name)) }
    }
}
