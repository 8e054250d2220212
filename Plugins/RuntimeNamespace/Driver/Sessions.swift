import PintleSystem
import Synchronization

/// Exec sessions and attached clients whose callers wait for their end.
final class Sessions: Sendable {
    private let open = Mutex<[String: Session]>([:])

    final class Session: Sendable {
        let id: String
        let container: String
        fileprivate let bell: Bell
        fileprivate let result = Mutex<InfraReport?>(nil)

        fileprivate init(_ id: String, _ container: String) throws(SystemError) {
            self.id = id
            self.container = container
            bell = try Bell()
        }

        /// Waits for the end; the report tells how, and is nil for a client or when the pod died.
        func wait(_ patience: Patience) -> (outcome: Bell.Outcome, report: InfraReport?) {
            let outcome = bell.wait(patience)
            return (outcome, result.withLock { $0 })
        }
    }

    /// Registers a session; nil when its name is taken.
    func begin(_ id: String, container: String) throws(SystemError) -> Session? {
        let session = try Session(id, container)
        return open.withLock { open in
            guard open[id] == nil else { return nil }
            open[id] = session
            return session
        }
    }

    func end(_ session: Session) {
        open.withLock { _ = $0.removeValue(forKey: session.id) }
    }

    /// A session has ended. Returns whether somebody waits for it.
    @discardableResult
    func hasEnded(_ id: String, _ report: InfraReport? = nil) -> Bool {
        guard let session = open.withLock({ $0[id] }) else { return false }
        if let report { session.result.withLock { $0 = report } }
        session.bell.ring()
        return true
    }

    /// All sessions of these containers have ended, one way or the other.
    func hasEnded(containers: Set<String>) {
        let ended = open.withLock { open in open.values.filter { containers.contains($0.container) } }
        for session in ended { session.bell.ring() }
    }
}
