internal import PintleClient

/// What a pod reads of the API beside itself.
enum Reference: Hashable, Sendable {
    /// The ConfigMap `name`.
    case configMap(namespace: String, name: String)
    /// The Secret `name`.
    case secret(namespace: String, name: String)
    /// All Services of a namespace.
    case services(namespace: String)
    /// One Service.
    case service(namespace: String, name: String)

    var resource: Resource {
        switch self {
        case .configMap: .configMaps
        case .secret: .secrets
        case .services, .service: Resource(group: "", version: "v1", plural: "services")
        }
    }

    var namespace: String {
        switch self {
        case .configMap(let namespace, _), .secret(let namespace, _), .services(let namespace),
            .service(let namespace, _):
            namespace
        }
    }

    /// What a watch is narrowed to, so that nothing else is read.
    var fieldSelector: String? {
        switch self {
        case .configMap(_, let name), .secret(_, let name), .service(_, let name): "metadata.name=\(name)"
        case .services: nil
        }
    }

    /// Kubernetes' words for what is not there.
    var missing: String {
        switch self {
        case .configMap(_, let name): "configmap \"\(name)\" not found"
        case .secret(_, let name): "secret \"\(name)\" not found"
        case .services(let namespace): "services of namespace \"\(namespace)\" not found"
        case .service(_, let name): "services \"\(name)\" not found"
        }
    }
}
