import NIOCore
import PintleClient
import PintleHTTP
import PintleKinds
import PintleObjects
import PintleStore

/// One request for a resource, once its caller is known to be allowed.
struct ResourceRequest: Sendable {
    let info: RequestInfo
    let request: HTTPRequest
    let exchange: HTTPExchange
    let operations: ResourceOperations
    let streams: (any PodStreams)?
    let kind: ServedKind

    var writer: ObjectWriter { operations.writer }
    var namespace: String? { kind.namespaced ? info.namespace : nil }

    /// - Throws: 404 for a resource or subresource that is not served.
    init(
        _ info: RequestInfo, _ request: HTTPRequest, _ exchange: HTTPExchange, _ operations: ResourceOperations,
        _ streams: (any PodStreams)?
    ) throws(StatusError) {
        guard let kind = operations.kinds.find(group: info.group, version: info.version, plural: info.resource),
            info.rest.isEmpty, Self.isPlaced(info, kind)
        else { throw .noSuchResource }
        self.info = info
        self.request = request
        self.exchange = exchange
        self.operations = operations
        self.streams = streams
        self.kind = kind
    }

    /// Whether the path has a namespace where the kind wants one.
    private static func isPlaced(_ info: RequestInfo, _ kind: ServedKind) -> Bool {
        if kind.namespaced { return !info.namespace.isEmpty || (info.name.isEmpty && info.subresource.isEmpty) }
        return info.namespace.isEmpty || info.resource == "namespaces"
    }

    /// Answers, at once or from a task.
    func answer() throws(StatusError) {
        try checkVerb()
        if !info.subresource.isEmpty { return try answerSubresource() }
        switch info.verb {
        case "get": try get().send(to: exchange)
        case "list": try list().send(to: exchange)
        case "watch": try watch()
        case "create": inTask { () async throws(StatusError) in try await create() }
        case "update": inTask { () async throws(StatusError) in try await update() }
        case "patch": inTask { () async throws(StatusError) in try await patch() }
        case "delete": inTask { () async throws(StatusError) in try await delete() }
        case "deletecollection": inTask { () async throws(StatusError) in try await deleteCollection() }
        default: throw .methodNotAllowed
        }
    }

    private func answerSubresource() throws(StatusError) {
        switch (info.subresource, info.verb) {
        case ("log", "get"): try log()
        case ("exec", _), ("attach", _): try command()
        case ("portforward", _): try portForward()
        case ("binding", "create"): inTask { () async throws(StatusError) in try await bind(pod: info.name) }
        case ("eviction", "create"): inTask { () async throws(StatusError) in try await evict() }
        case (_, "get"): try get().send(to: exchange)
        case (_, "update"): inTask { () async throws(StatusError) in try await update() }
        case (_, "patch"): inTask { () async throws(StatusError) in try await patch() }
        default: throw .methodNotAllowed
        }
    }

    /// - Throws: 404 for a subresource that is not there, 405 for a verb that it does not have.
    private func checkVerb() throws(StatusError) {
        if info.subresource.isEmpty {
            let isCollectionOfAll = kind.namespaced && info.namespace.isEmpty
            if isCollectionOfAll, info.verb != "list", info.verb != "watch" { throw .methodNotAllowed }
            if info.verb == "create", !info.name.isEmpty { throw .methodNotAllowed }
            if info.name.isEmpty, info.verb == "update" || info.verb == "patch" { throw .methodNotAllowed }
            guard kind.description.verbs.contains(info.verb) else { throw .methodNotAllowed }
            return
        }
        guard ServedKind.answeredSubresources.contains(info.subresource),
            let found = kind.description.subresources.first(where: { $0.name == info.subresource })
        else { throw .noSuchResource }
        guard found.verbs.contains(info.verb) else { throw .methodNotAllowed }
    }

    /// Runs `body` in a task and sends what it returns or throws.
    func inTask(_ body: @escaping @Sendable () async throws(StatusError) -> Response) {
        Task {
            do throws(StatusError) {
                try await body().send(to: exchange)
            } catch {
                Response(error, request).send(to: exchange)
            }
        }
    }

    func encoder() throws(StatusError) -> ObjectEncoder {
        ObjectEncoder(
            kind: kind, form: try OutputForm(request),
            include: try TableRows.Include(query: request.queryValue("includeObject")))
    }

    func selection(_ options: ListOptions) throws(StatusError) -> Selection {
        try Selection(
            kind, namespace: namespace, name: info.name.isEmpty ? nil : info.name, labelSelector: options.labelSelector,
            fieldSelector: options.fieldSelector)
    }
}
