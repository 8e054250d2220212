internal import CPintleSystem
import Glibc
import PintleSystem
import Synchronization

/// A control connection to one pod's infra process, shared by all threads that ask it something.
///
/// The hub's thread reads; any thread writes. Answers find their way by the request's number.
final class InfraConnection: Sendable {
    /// The pod's sandbox.
    let sandbox: String
    /// The socket; owned, closed when the connection goes.
    let descriptor: Int32
    private let state = Mutex(State())

    private struct State {
        var nextRequest: UInt32 = 100
        var waiting: [UInt32: Waiting] = [:]
        var isClosed = false
    }

    /// A request that is not answered yet.
    private final class Waiting: Sendable {
        let bell: Bell
        let answer = Mutex<(reply: InfraReply?, items: [InfraReport], isGone: Bool)>((nil, [], false))
        init() throws(SystemError) { bell = try Bell() }
    }

    init(sandbox: String, adopting descriptor: Int32) {
        self.sandbox = sandbox
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Asks and waits for the answer.
    ///
    /// A refusal is thrown.
    ///
    /// Descriptors are borrowed and go with their roles.
    func call(
        _ kind: Int, _ fields: InfraFields = InfraFields(), descriptors: [(role: Int, descriptor: Int32)] = [],
        _ patience: Patience
    ) throws(InfraFailure) -> InfraReply {
        let waiting: Waiting
        do { waiting = try Waiting() } catch {
            throw InfraFailure(kind: .refused(errno: error.errno, stage: "eventfd", detail: ""))
        }
        let number = state.withLock { state -> UInt32? in
            guard !state.isClosed else { return nil }
            state.nextRequest = state.nextRequest &+ 1 == 0 ? 100 : state.nextRequest &+ 1
            state.waiting[state.nextRequest] = waiting
            return state.nextRequest
        }
        guard let number else { throw InfraFailure(kind: .gone) }
        defer { state.withLock { _ = $0.waiting.removeValue(forKey: number) } }
        try send(kind, number, fields, descriptors, patience)
        switch waiting.bell.wait(patience) {
        case .cancelled: throw InfraFailure(kind: .cancelled)
        case .late: throw InfraFailure(kind: .late)
        case .rung: break
        }
        guard var reply = waiting.answer.withLock({ $0.reply }) else { throw InfraFailure(kind: .gone) }
        reply.items = waiting.answer.withLock { $0.items }
        guard reply.status == 0 else {
            reply.closeDescriptors()
            throw InfraFailure(kind: .refused(errno: reply.status, stage: reply.stage, detail: reply.detail))
        }
        return reply
    }

    /// Says something without waiting for the answer, which nobody will miss.
    func post(_ kind: Int, _ fields: InfraFields) {
        try? send(kind, 1, fields, [], Patience.nanoseconds(100_000_000))
    }

    private func send(
        _ kind: Int, _ number: UInt32, _ fields: InfraFields, _ descriptors: [(role: Int, descriptor: Int32)],
        _ patience: Patience
    ) throws(InfraFailure) {
        var all = InfraFields()
        if !descriptors.isEmpty { all.add(PINTLE_INFRA_ROLES, descriptors.map { UInt8($0.role) }) }
        all.append(fields)
        let bytes = InfraPacket(kind: kind, request: number, fields: all).bytes
        let raw = descriptors.map(\.descriptor)
        while pintle_send_packet(descriptor, bytes, UInt64(bytes.count), raw, Int32(raw.count)) != 0 {
            switch errno {
            case EAGAIN:
                var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                if poll(&wait, 1, min(100, max(0, patience.milliseconds))) == 0, patience.isOver {
                    throw InfraFailure(kind: .late)
                }
            case EPIPE, ECONNRESET, ENOTCONN: throw InfraFailure(kind: .gone)
            case let number: throw InfraFailure(kind: .refused(errno: number, stage: "send", detail: ""))
            }
        }
    }

    /// Takes an answer in.
    ///
    /// Called by the hub.
    func received(_ packet: InfraPacket, _ descriptors: [Int32]) {
        let waiting = state.withLock { $0.waiting[packet.request] }
        if packet.kind == PINTLE_INFRA_ITEM {
            waiting?.answer.withLock { $0.items.append(InfraReport(fields: packet.fields)) }
            return
        }
        let reply = InfraReply(fields: packet.fields, descriptors: descriptors)
        guard let waiting else {
            reply.closeDescriptors()
            return
        }
        waiting.answer.withLock { $0.reply = reply }
        waiting.bell.ring()
    }

    /// Fails everything that waits, now and later.
    ///
    /// Called by the hub when the other side is gone.
    func end() {
        let waiting = state.withLock { state in
            state.isClosed = true
            return Array(state.waiting.values)
        }
        for one in waiting { one.bell.ring() }
    }
}
