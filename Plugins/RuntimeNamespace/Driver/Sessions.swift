import PintleSystem
import Synchronization

/// Exec sessions and attached clients whose callers wait for their end.
final class Sessions: Sendable {
    private let open = Mutex<[String: Session]>([:])

    final class Session: Sendable {
        let id: String
        let container: String
        /// A process of its own, whose end counts, not that of its terminal's client.
        let isProcess: Bool
        fileprivate let bell: Bell
        fileprivate let result = Mutex<InfraReport?>(nil)

        fileprivate init(_ id: String, _ container: String, isProcess: Bool) throws(SystemError) {
            self.id = id
            self.container = container
            self.isProcess = isProcess
            bell = try Bell()
        }

        /// Waits for the end; the report tells how, and is nil for a client or when the pod died.
        func wait(_ patience: Patience) -> (outcome: Bell.Outcome, report: InfraReport?) {
            let outcome = bell.wait(patience)
            return (outcome, result.withLock { $0 })
        }
    }

    /// Registers a session; nil when its name is taken.
    func begin(_ id: String, container: String, isProcess: Bool) throws(SystemError) -> Session? {
        let session = try Session(id, container, isProcess: isProcess)
        return open.withLock { open in
            guard open[id] == nil else { return nil }
            open[id] = session
            return session
        }
    }

    func end(_ session: Session) {
        open.withLock { _ = $0.removeValue(forKey: session.id) }
    }

    /// The process of an exec session has ended.
    func hasEnded(_ report: InfraReport) {
        guard let session = open.withLock({ $0[report.id] }), session.isProcess else { return }
        session.result.withLock { $0 = report }
        session.bell.ring()
    }

    /// A client has left.
    func hasLeft(_ id: String) {
        guard let session = open.withLock({ $0[id] }), !session.isProcess else { return }
        session.bell.ring()
    }

    /// All sessions of these containers have ended, one way or the other.
    func hasEnded(containers: Set<String>) {
        let ended = open.withLock { open in open.values.filter { containers.contains($0.container) } }
        for session in ended { session.bell.ring() }
    }
}
