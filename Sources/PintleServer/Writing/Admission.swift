import PintleObjects
import PintleStore

/// The built-in admission that needs to look at other objects: namespaces that exist, service accounts that pods name.
struct Admission: Sendable {
    let cache: WatchCache

    /// Namespaces that cannot be deleted.
    static let permanentNamespaces: Set<String> = ["default", "kube-system", "kube-public"]

    /// - Throws: 404 when the namespace does not exist, 403 when it is being deleted.
    func admitNamespace(_ kind: ServedKind, _ object: JSON, namespace: String?) throws(StatusError) {
        guard kind.namespaced, let namespace else { return }
        let key = ObjectKey(resource: "namespaces", namespace: "", name: namespace)
        guard let found = cache.find(key) else {
            throw .notFound(group: "", resource: "namespaces", name: namespace)
        }
        let state = found.json
        guard state["metadata"]["deletionTimestamp"].string != nil || state["status"]["phase"].string == "Terminating"
        else { return }
        var error = kind.forbidden(
            object["metadata"]["name"].string ?? "",
            "unable to create new content in namespace \(namespace) because it is being terminated")
        error.details["causes"] = [
            [
                "reason": "NamespaceTerminating",
                "message": .string("namespace \(namespace) is being terminated"), "field": "metadata.namespace",
            ]
        ]
        throw error
    }

    /// - Throws: 403 when a pod names a service account that does not exist.
    func admitReferences(_ kind: ServedKind, _ object: JSON) throws(StatusError) {
        guard kind.storageName == "pods" else { return }
        let account = object["spec"]["serviceAccountName"].string ?? ""
        guard !account.isEmpty else { return }
        let namespace = object["metadata"]["namespace"].string ?? ""
        let key = ObjectKey(resource: "serviceaccounts", namespace: namespace, name: account)
        if cache.find(key) == nil {
            throw kind.forbidden(
                object["metadata"]["name"].string ?? "",
                "error looking up service account \(namespace)/\(account): serviceaccount \(goQuoted(account)) not found"
            )
        }
    }

    /// - Throws: 403 for a namespace that cannot be deleted.
    func admitDeletion(_ kind: ServedKind, name: String) throws(StatusError) {
        if kind.storageName == "namespaces", Self.permanentNamespaces.contains(name) {
            throw kind.forbidden(name, "this namespace may not be deleted")
        }
    }
}
