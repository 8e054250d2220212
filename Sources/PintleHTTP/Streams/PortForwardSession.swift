internal import NIOCore

/// Port-forward over SPDY: the client opens an error and a data stream for each connection, paired by a request id.
final class PortForwardSession: SPDYDelegate {
    /// How long the second stream of a pair may take, and how many connections there may be at once.
    private static let pairTimeout = TimeAmount.seconds(30), connectionLimit = 1000

    private struct Pair {
        let port: Int
        var data: SPDYStream?
        var error: SPDYStream?
    }

    private let loop: any EventLoop
    private let connect: @Sendable (Int) async throws -> Int32
    private var waiting: [String: Pair] = [:]
    private var connections: [ObjectIdentifier: ForwardedConnection] = [:]

    init(loop: any EventLoop, connect: @escaping @Sendable (Int) async throws -> Int32) {
        self.loop = loop
        self.connect = connect
    }

    func opened(_ stream: SPDYStream) -> Bool {
        guard let text = stream.header("port"), let port = Int(text), (1...65535).contains(port),
            let type = stream.header("streamtype"), type == "data" || type == "error",
            self.waiting.count + self.connections.count < Self.connectionLimit
        else { return false }
        // Clients before request ids open the data stream right after the error stream.
        let id = stream.header("requestid") ?? String(type == "data" ? Int64(stream.id) - 2 : Int64(stream.id))
        var pair = self.waiting[id] ?? Pair(port: port)
        let isNew = pair.data == nil && pair.error == nil
        guard pair.port == port, type == "data" ? pair.data == nil : pair.error == nil else { return false }
        if type == "data" { pair.data = stream } else { pair.error = stream }
        self.waiting[id] = pair
        if let data = pair.data, let error = pair.error {
            self.waiting[id] = nil
            self.begin(data, error, port)
        } else if isNew {
            let bound = NIOLoopBound(self, eventLoop: self.loop)
            let first = ObjectIdentifier(stream)
            self.loop.scheduleTask(in: Self.pairTimeout) { bound.value.giveUp(id, stream: first) }
        }
        return true
    }

    private func begin(_ data: SPDYStream, _ error: SPDYStream, _ port: Int) {
        let connection = ForwardedConnection(loop: self.loop, data: data, error: error, port: port)
        let id = ObjectIdentifier(connection)
        self.connections[id] = connection
        connection.onEnd = { [weak self] in self?.connections[id] = nil }
        connection.start(self.connect)
    }

    private func giveUp(_ id: String, stream: ObjectIdentifier) {
        guard let pair = self.waiting[id],
            [pair.data, pair.error].contains(where: { $0.map(ObjectIdentifier.init) == stream })
        else { return }
        self.waiting[id] = nil
        if let error = pair.error {
            error.write(ByteBuffer(string: "timed out waiting for the data stream of request \(id)"), promise: nil)
            error.finish()
        }
        pair.data?.reset()
    }

    func disconnected() {
        self.waiting = [:]
        for connection in self.connections.values { connection.cancel() }
        self.connections = [:]
    }
}
