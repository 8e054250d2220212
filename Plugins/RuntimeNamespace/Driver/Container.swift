import PintleInterfaces
import PintleSystem
import Synchronization

/// A container and those who wait for its end.
final class Container: Sendable {
    let id: String
    let sandbox: Sandbox
    private let state: Mutex<State>
    private let store: RecordStore
    private let events: EventStream

    private struct State {
        var record: ContainerRecord
        var waiting: [Bell] = []
    }

    init(_ record: ContainerRecord, in sandbox: Sandbox, store: RecordStore, events: EventStream) {
        id = record.id
        self.sandbox = sandbox
        self.store = store
        self.events = events
        state = Mutex(State(record: record))
    }

    var record: ContainerRecord { state.withLock { $0.record } }

    /// Changes the record and writes it.
    ///
    /// A failing write is not fatal: the infra process knows the same.
    func change(_ body: (inout ContainerRecord) -> Void) {
        state.withLock { state in
            body(&state.record)
            try? store.save(state.record)
        }
    }

    /// Its program runs.
    ///
    /// Repeating it changes nothing.
    func hasStarted(_ report: InfraReport) {
        state.withLock { begin(&$0, report) }
    }

    // Events are told under the lock, so that their order is that of the states.
    private func begin(_ state: inout State, _ report: InfraReport) {
        guard state.record.state == .created else { return }
        state.record.begin(report)
        try? store.save(state.record)
        events.tell(.containerStarted, state.record)
    }

    /// Its log can't be written, for a reason that people understand, or can be again: the empty text.
    func hasLogTrouble(_ reason: String) {
        state.withLock { state in
            guard state.record.logTrouble != reason else { return }
            state.record.logTrouble = reason
            if state.record.state == .running { events.tell(.containerChanged, state.record) }
        }
    }

    /// It has ended, as `change` writes down.
    ///
    /// Repeating it changes nothing.
    ///
    /// With a report of the infra process a start that nobody has told of is told first.
    func hasEnded(_ report: InfraReport? = nil, _ change: (inout ContainerRecord) -> Void) {
        state.withLock { state in
            guard state.record.state != .exited else { return }
            if let report { begin(&state, report) }
            change(&state.record)
            try? store.save(state.record)
            events.tell(.containerExited, state.record)
            for bell in state.waiting { bell.ring() }
            state.waiting = []
        }
    }

    /// Waits for its end.
    func waitForEnd(_ patience: Patience) throws(SystemError) -> Bell.Outcome {
        let bell = try Bell()
        let isOver = state.withLock { state in
            if state.record.state != .exited { state.waiting.append(bell) }
            return state.record.state == .exited
        }
        if isOver { return .rung }
        let outcome = bell.wait(patience)
        if outcome != .rung { state.withLock { state in state.waiting.removeAll { $0 === bell } } }
        return outcome
    }
}
