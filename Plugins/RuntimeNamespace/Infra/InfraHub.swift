internal import CPintleSystem
import Glibc
import PintleSystem
import Synchronization

/// Reads from all infra processes, on one thread.
///
/// Handlers are called on that thread, one at a time: for one pod in the order in which things happened.
final class InfraHub: Sendable {
    /// What the hub tells its owner.
    struct Handlers: Sendable {
        /// A container or an exec session has ended.
        var exited: @Sendable (InfraConnection, InfraReport) -> Void
        /// A container's log stopped or went on.
        var logged: @Sendable (InfraConnection, InfraReport) -> Void
        /// An attached client has left.
        var detached: @Sendable (InfraConnection, String) -> Void
        /// The infra process is gone.
        var gone: @Sendable (InfraConnection) -> Void
    }

    private let poller: Int32
    private let bell: Int32
    private let connections = Mutex<[UInt64: InfraConnection]>([:])
    private let isStopping = Mutex(false)
    private let thread = Mutex<SystemThread?>(nil)

    init() throws(SystemError) {
        poller = pintle_poller_open()
        guard poller >= 0 else { throw SystemError("epoll_create") }
        bell = pintle_bell_open()
        guard bell >= 0, pintle_poller_add(poller, bell, 0) == 0 else { throw SystemError("eventfd") }
    }

    deinit {
        close(poller)
        close(bell)
    }

    /// Starts the thread.
    func start(_ handlers: Handlers) throws(SystemError) {
        let started = try SystemThread("pintle-infra-hub") { [self] in run(handlers) }
        thread.withLock { $0 = started }
    }

    /// Ends the thread and forgets all connections.
    ///
    /// Not to be called from a handler.
    func stop() {
        isStopping.withLock { $0 = true }
        pintle_bell_ring(bell)
        let running = thread.withLock { thread -> SystemThread? in
            defer { thread = nil }
            return thread
        }
        running?.join()
        connections.withLock { $0.removeAll() }
    }

    /// Listens to a connection until its end.
    func add(_ connection: InfraConnection) throws(SystemError) {
        let token = UInt64(connection.descriptor)
        connections.withLock { $0[token] = connection }
        guard pintle_poller_add(poller, connection.descriptor, token) == 0 else {
            connections.withLock { _ = $0.removeValue(forKey: token) }
            throw SystemError("epoll_ctl")
        }
    }

    private func run(_ handlers: Handlers) {
        var tokens = [UInt64](repeating: 0, count: 64)
        var buffer = [UInt8](repeating: 0, count: Int(PINTLE_INFRA_MAX_PACKET))
        while true {
            let count = pintle_poller_wait(poller, &tokens, Int32(tokens.count), -1)
            if count < 0 || isStopping.withLock({ $0 }) { return }
            for token in tokens[..<Int(count)] where token != 0 {
                guard let connection = connections.withLock({ $0[token] }) else { continue }
                if readAll(connection, &buffer, handlers) { continue }
                pintle_poller_remove(poller, connection.descriptor)
                connections.withLock { _ = $0.removeValue(forKey: token) }
                connection.end()
                handlers.gone(connection)
            }
        }
    }

    /// Reads what is there.
    ///
    /// Returns false when the connection has ended.
    private func readAll(_ connection: InfraConnection, _ buffer: inout [UInt8], _ handlers: Handlers) -> Bool {
        var descriptors = [Int32](repeating: -1, count: Int(PINTLE_INFRA_MAX_DESCRIPTORS))
        var descriptorCount: Int32 = 0
        while true {
            let size = pintle_receive_packet(
                connection.descriptor, &buffer, UInt64(buffer.count), &descriptors, &descriptorCount)
            if size < 0 { return errno == EAGAIN }
            if size == 0 { return false }
            let received = Array(descriptors[..<Int(descriptorCount)])
            guard let packet = InfraPacket(parsing: buffer[..<Int(size)]) else {
                for descriptor in received { close(descriptor) }
                return false
            }
            if packet.kind == PINTLE_INFRA_EVENT {
                for descriptor in received { close(descriptor) }
                deliver(connection, packet, handlers)
            } else {
                connection.received(packet, received)
            }
        }
    }

    private func deliver(_ connection: InfraConnection, _ packet: InfraPacket, _ handlers: Handlers) {
        var type: UInt32 = 0
        var session = ""
        for field in InfraFieldReader(packet.fields) {
            if field.tag == PINTLE_INFRA_EVENT_TYPE { type = field.u32 }
            if field.tag == PINTLE_INFRA_SESSION { session = field.text }
        }
        switch Int(type) {
        case PINTLE_INFRA_EVENT_EXITED: handlers.exited(connection, InfraReport(fields: packet.fields))
        case PINTLE_INFRA_EVENT_LOG: handlers.logged(connection, InfraReport(fields: packet.fields))
        case PINTLE_INFRA_EVENT_DETACHED: handlers.detached(connection, session)
        default: break
        }
    }
}
