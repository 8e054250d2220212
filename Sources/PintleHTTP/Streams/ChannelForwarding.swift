internal import NIOCore

/// The old form of port-forward over WebSocket: two channels a port, data and error, each begun with the port's number.
final class ChannelForwarding {
    private let loop: any EventLoop
    private let session: ChannelSession
    private let ports: [Int]
    private let connect: @Sendable (Int) async throws -> Int32
    private var connections: [ForwardedConnection] = []
    private var running = 0

    init(
        loop: any EventLoop, session: ChannelSession, ports: [Int],
        connect: @escaping @Sendable (Int) async throws -> Int32
    ) {
        self.loop = loop
        self.session = session
        self.ports = ports
        self.connect = connect
    }

    /// Connects to every port; the session ends with the last connection.
    func start() {
        let channels = self.session.channels
        guard channels.count == 2 * self.ports.count else { return }
        self.session.onDisconnect = { for connection in self.connections { connection.cancel() } }
        for (index, port) in self.ports.enumerated() {
            let (data, error) = (channels[2 * index], channels[2 * index + 1])
            let number = ByteBuffer(integer: UInt16(port), endianness: .little)
            data.write(number, promise: nil)
            error.write(number, promise: nil)
            let connection = ForwardedConnection(loop: self.loop, data: data, error: error, port: port)
            self.running += 1
            connection.onEnd = { [weak self] in self?.ended() }
            self.connections.append(connection)
            connection.start(self.connect)
        }
    }

    private func ended() {
        self.running -= 1
        if self.running == 0 { _ = self.session.closeSession() }
    }
}
