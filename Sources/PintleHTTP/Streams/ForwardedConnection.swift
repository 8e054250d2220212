internal import Glibc
internal import NIOCore
internal import NIOPosix

/// One connection through a port-forward: a client's data stream on one side, a socket to the pod on the other.
final class ForwardedConnection {
    private let loop: any EventLoop
    private let data: SessionStream
    private let error: SessionStream
    private let port: Int
    private var task: Task<Void, Never>?
    private var pump: StreamPump?
    /// Called once, when both directions have ended or the connection could not be made.
    var onEnd: () -> Void = {}

    init(loop: any EventLoop, data: SessionStream, error: SessionStream, port: Int) {
        self.loop = loop
        self.data = data
        self.error = error
        self.port = port
    }

    /// Asks for the socket and starts pumping.
    func start(_ connect: @escaping @Sendable (Int) async throws -> Int32) {
        self.error.receiver = DiscardingReceiver(self.error)
        let bound = NIOLoopBound(self, eventLoop: self.loop)
        let (loop, port) = (self.loop, self.port)
        self.task = Task {
            let result: Result<Int32, any Error>
            do { result = .success(try await connect(port)) } catch { result = .failure(error) }
            loop.execute { bound.value.connected(result) }
        }
    }

    private func connected(_ result: Result<Int32, any Error>) {
        self.task = nil
        switch result {
        case .success(let descriptor): self.open(descriptor)
        case .failure(let error): self.fail(String(describing: error))
        }
    }

    private func open(_ descriptor: Int32) {
        let pump = StreamPump(stream: self.data, reads: true, writes: true)
        self.pump = pump
        let bound = NIOLoopBound(self, eventLoop: self.loop)
        pump.onProgress = { [weak self] in self?.progressed() }
        let pumpBound = NIOLoopBound(pump, eventLoop: self.loop)
        ClientBootstrap(group: self.loop)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(pumpBound.value)
                }
            }
            .withConnectedSocket(descriptor)
            .whenComplete { result in
                switch result {
                case .success: pumpBound.value.start()
                case .failure(let error):
                    close(descriptor)
                    bound.value.fail("the connection to the pod cannot be used: \(error)")
                }
            }
    }

    private func progressed() {
        guard let pump = self.pump else { return }
        // The client reads the error stream to its end before it closes its own side.
        if pump.isDrained { self.error.finish() }
        if pump.isOver { self.end() }
    }

    private func fail(_ message: String) {
        self.error.write(ByteBuffer(string: message), promise: nil)
        self.error.finish()
        self.data.finish()
        self.data.receiver = DiscardingReceiver(self.data)
        self.end()
    }

    private func end() {
        let onEnd = self.onEnd
        self.onEnd = {}
        self.pump?.onProgress = {}
        onEnd()
    }

    /// The client has gone before there was a socket.
    func cancel() {
        self.task?.cancel()
    }
}
