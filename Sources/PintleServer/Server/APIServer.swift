public import PintleClient
public import PintleHTTP
import PintleKinds
public import PintleObjects
public import PintleStore
import Synchronization

/// The Kubernetes API over a store.
///
/// Reads are answered on the connection's event loop, from the cache; everything else in a task of its own. Any thread
/// may call anything.
public final class APIServer: HTTPResponder {
    let operations: ResourceOperations
    let keeper: NamespaceKeeper
    let discovery: DiscoveryDocuments
    let openAPI: OpenAPIDocuments
    let health = HealthChecks()
    private let streams = Mutex<(any PodStreams)?>(nil)
    private let connection = Mutex<NodeConnection?>(nil)

    /// Makes a server; it has no initial objects before ``prepare()``.
    ///
    /// - Throws: `InternalError` when the schema of a kind is missing from the binary.
    public init(storage: ObjectStorage, configuration: APIServerConfiguration) throws(StatusError) {
        let kinds = try KindTable()
        let writer = ObjectWriter(storage: storage, admission: Admission(cache: storage.cache))
        keeper = try NamespaceKeeper(
            writer: writer, kinds: kinds, certificateAuthority: configuration.certificateAuthority)
        operations = ResourceOperations(kinds: kinds, writer: writer, keeper: keeper)
        discovery = DiscoveryDocuments(kinds: kinds, address: configuration.advertisedAddress)
        openAPI = OpenAPIDocuments(kinds: kinds)
    }

    /// The API for parts of this process: the same rules, without HTTP and authorization.
    public var client: any APIClient { LocalClient(operations: operations) }

    /// Says who serves logs, exec, attach and port-forward; until then they are answered with 503.
    public func connect(_ streams: any PodStreams) { self.streams.withLock { $0 = streams } }

    /// Says where the node's kubelet API is, for `nodes/NAME/proxy`.
    public func connect(_ node: NodeConnection) { connection.withLock { $0 = node } }

    var node: NodeConnection? { connection.withLock { $0 } }

    /// Adds a check to `/readyz`, and to `/livez` and `/healthz` when `alsoLive`.
    ///
    /// `check`: `nil` when all is well, otherwise one sentence. Called on an event loop: it must not block.
    public func addHealthCheck(_ name: String, alsoLive: Bool, _ check: @escaping @Sendable () -> String?) {
        health.add(name, alsoLive: alsoLive, check)
    }

    /// Creates the namespaces that every cluster has, with what belongs in them.
    ///
    /// Call before listening.
    ///
    /// - Throws: What keeps the store from writing.
    public func prepare() async throws(StatusError) {
        try await keeper.createInitial()
        health.setReady()
    }

    /// Keeps namespaces and short-lived objects in order until the task is cancelled.
    public func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.keeper.run() }
            for kind in operations.kinds.all {
                guard let timeToLive = kind.strategy.timeToLive else { continue }
                let expiry = ObjectExpiry(writer: operations.writer, kind: kind, timeToLive: timeToLive)
                group.addTask { await expiry.run() }
            }
        }
    }

    /// Answers one request.
    public func respond(to request: HTTPRequest, exchange: HTTPExchange) {
        let info = RequestInfo(request)
        do throws(StatusError) {
            let caller = try Caller(request.identity).impersonating(request.headers)
            try caller.authorize(info)
            if info.isResource, !operations.kinds.serves(group: info.group, version: info.version) {
                Response.pageNotFound.send(to: exchange)
            } else if info.isResource, info.group.isEmpty, info.resource == "nodes", info.subresource == "proxy" {
                try proxy(info, request, exchange)
            } else if info.isResource {
                try ResourceRequest(info, request, exchange, operations, podStreams).answer()
            } else {
                plainResponse(request).send(to: exchange)
            }
        } catch {
            Response(error, request).send(to: exchange)
        }
    }

    private var podStreams: (any PodStreams)? { streams.withLock { $0 } }

    /// The answer for a path that is no resource.
    private func plainResponse(_ request: HTTPRequest) -> Response {
        let path =
            request.path.count > 1 && request.path.hasSuffix("/") ? String(request.path.dropLast()) : request.path
        let response =
            health.response(path, request) ?? discovery.response(path, request) ?? openAPI.response(path, request)
        guard let response else { return .pageNotFound }
        guard request.method == "GET" || request.method == "HEAD" else {
            return Response(.methodNotAllowed, request)
        }
        return response
    }
}

extension Response {
    /// An error in the encoding that the client wants, as far as it can be told.
    init(_ error: StatusError, _ request: HTTPRequest) {
        var form = (try? OutputForm(request)) ?? .json
        form.shape = .object
        self.init(error, form: form)
    }
}

extension StatusError {
    /// 405, whatever the method.
    static let methodNotAllowed = StatusError(
        code: 405, reason: "MethodNotAllowed",
        message: "the server does not allow this method on the requested resource", details: [:])
}
