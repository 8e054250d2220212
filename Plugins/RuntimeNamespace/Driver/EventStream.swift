import PintleInterfaces
import PintleSystem
import Synchronization

/// Tells everybody who listens what happened, in order, without waiting for anybody.
final class EventStream: Sendable {
    private let listeners = Mutex<[ObjectIdentifier: Listener]>([:])

    /// One that listens.
    ///
    /// What it does not take in time is lost, and it is told so by one `resync`.
    final class Listener: Sendable {
        private static let limit = 4096
        private let bell: Bell
        private let waiting = Mutex<(events: [RuntimeEvent], isOverflown: Bool)>(([], false))

        init() throws(SystemError) { bell = try Bell() }

        fileprivate func tell(_ event: RuntimeEvent) {
            waiting.withLock { state in
                if state.events.count >= Self.limit {
                    state.events.removeAll()
                    state.isOverflown = true
                } else if !state.isOverflown {
                    state.events.append(event)
                }
            }
            bell.ring()
        }

        /// What happened since the last time; waits when that is nothing.
        ///
        /// Nil when the caller wants no more.
        func next(_ patience: Patience) -> [RuntimeEvent]? {
            while true {
                let events = waiting.withLock { state -> [RuntimeEvent] in
                    defer { state = ([], false) }
                    guard state.isOverflown else { return state.events }
                    var resync = RuntimeEvent()
                    resync.type = .resync
                    resync.atNs = Moment.wall
                    return [resync]
                }
                if !events.isEmpty { return events }
                if bell.wait(patience) != .rung { return nil }
            }
        }
    }

    /// Starts to listen.
    func listen() throws(SystemError) -> Listener {
        let listener = try Listener()
        listeners.withLock { $0[ObjectIdentifier(listener)] = listener }
        return listener
    }

    /// Stops to listen.
    func leave(_ listener: Listener) {
        listeners.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(listener)) }
    }

    /// Tells an event; making it is left out when nobody listens.
    func tell(_ make: () -> RuntimeEvent) {
        let listeners = listeners.withLock { Array($0.values) }
        guard !listeners.isEmpty else { return }
        var event = make()
        event.atNs = event.atNs == 0 ? Moment.wall : event.atNs
        for listener in listeners { listener.tell(event) }
    }

    func tell(_ type: RuntimeEventType, _ container: ContainerRecord) {
        tell {
            var event = RuntimeEvent()
            event.type = type
            event.sandboxId = container.sandboxID
            event.containerId = container.id
            event.container = container.status
            return event
        }
    }

    func tell(_ type: RuntimeEventType, _ sandbox: SandboxRecord) {
        tell {
            var event = RuntimeEvent()
            event.type = type
            event.sandboxId = sandbox.id
            event.sandbox = sandbox.status
            return event
        }
    }
}
