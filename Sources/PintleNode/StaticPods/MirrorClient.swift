internal import PintleClient
internal import PintleObjects

/// The API as the worker of a static pod sees it: what it writes of its pod goes to the pod's mirror, which has another
/// uid and is made when it is missing.
struct MirrorClient: APIClient {
    let api: any APIClient
    let pod: JSON
    let mirrors: MirrorUIDs

    static let annotation = "kubernetes.io/config.mirror"

    /// The mirror as it is created: the pod with the mark, and owned by nobody but the node.
    static func mirror(of pod: JSON) -> JSON {
        var mirror = pod
        mirror.remove("status")
        for field in ["uid", "generation", "creationTimestamp", "resourceVersion"] { mirror["metadata"].remove(field) }
        mirror["metadata"]["annotations"][annotation] = pod["metadata"]["annotations"]["kubernetes.io/config.hash"]
        return mirror
    }

    private var uid: String { pod["metadata"]["uid"].string ?? "" }
    private var hash: JSON { pod["metadata"]["annotations"]["kubernetes.io/config.hash"] }

    private func isOwn(_ resource: Resource, _ namespace: String?, _ name: String) -> Bool {
        resource == .pods && ObjectName(namespace: namespace, name: name) == ObjectName(of: pod)
    }

    func get(_ resource: Resource, namespace: String?, name: String) async throws(StatusError) -> JSON {
        try await api.get(resource, namespace: namespace, name: name)
    }

    func list(
        _ resource: Resource, namespace: String?, labelSelector: String?, fieldSelector: String?
    ) async throws(StatusError) -> [JSON] {
        try await api.list(
            resource, namespace: namespace, labelSelector: labelSelector, fieldSelector: fieldSelector)
    }

    func watch(_ resource: Resource, namespace: String?, fieldSelector: String?) -> AsyncStream<WatchEvent> {
        api.watch(resource, namespace: namespace, fieldSelector: fieldSelector)
    }

    func create(_ resource: Resource, namespace: String?, _ object: JSON) async throws(StatusError) -> JSON {
        try await api.create(resource, namespace: namespace, object)
    }

    func update(
        _ resource: Resource, namespace: String?, name: String, subresource: String?,
        _ change: @Sendable (inout JSON) throws(StatusError) -> Bool
    ) async throws(StatusError) -> JSON? {
        guard isOwn(resource, namespace, name) else {
            return try await api.update(
                resource, namespace: namespace, name: name, subresource: subresource, change)
        }
        try await ensure()
        let (uid, hash, mirrors) = (self.uid, self.hash, self.mirrors)
        var written = try await api.update(resource, namespace: namespace, name: name, subresource: subresource) {
            (object: inout JSON) throws(StatusError) -> Bool in
            guard object["metadata"]["annotations"][Self.annotation] == hash else { return false }
            let own = object["metadata"]["uid"]
            mirrors.set(own.string ?? "", uid)
            object["metadata"]["uid"] = .string(uid)
            defer { object["metadata"]["uid"] = own }
            return try change(&object)
        }
        written?["metadata"]["uid"] = .string(uid)
        return written
    }

    func delete(
        _ resource: Resource, namespace: String?, name: String, gracePeriodSeconds: Int?, uid: String?
    ) async throws(StatusError) {
        guard isOwn(resource, namespace, name) else {
            return try await api.delete(
                resource, namespace: namespace, name: name, gracePeriodSeconds: gracePeriodSeconds, uid: uid)
        }
        // The mirror goes when the file does; see NodeAgent.
    }

    func bind(pod: String, namespace: String, uid: String, node: String) async throws(StatusError) {
        try await api.bind(pod: pod, namespace: namespace, uid: uid, node: node)
    }

    /// Makes the mirror unless it is there; one of an older file goes.
    func ensure() async throws(StatusError) {
        let name = ObjectName(of: pod)
        if let found = try await api.find(.pods, namespace: name.namespace, name: name.name) {
            let mark = found["metadata"]["annotations"][Self.annotation]
            if mark == hash, found["metadata"]["deletionTimestamp"].isNull { return }
            // Somebody's own pod of that name stays.
            guard !mark.isNull else { return }
            try await api.delete(
                .pods, namespace: name.namespace, name: name.name, gracePeriodSeconds: 0,
                uid: found["metadata"]["uid"].string)
        }
        _ = try await api.create(.pods, namespace: name.namespace, Self.mirror(of: pod))
    }
}
