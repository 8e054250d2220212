internal import PintleInterfaces
internal import PintleLedger

/// An operation of an interface, as the generated clients name it.
public struct Operation: Sendable, Hashable {
    /// The interface's short name: `runtime`, `network` or `storage`.
    public let interface: String
    /// Its number in the interface.
    public let number: UInt32
    /// Its name in the interface.
    public let name: String
    /// What it changes.
    public let changes: Changes
    /// What it does to the object that it names.
    public let effect: Effect
    /// Whether it never blocks, so that it needs no driver thread.
    public let quick: Bool

    init(_ interface: String, _ number: UInt32, _ name: String, _ changes: Changes, _ effect: Effect, quick: Bool) {
        self.interface = interface
        self.number = number
        self.name = name
        self.changes = changes
        self.effect = effect
        self.quick = quick
    }

    /// What an operation changes; it decides how the ledger records it.
    public enum Changes: Sendable {
        /// Nothing.
        case nothing
        /// State that a reboot clears.
        case kernel
        /// Files that the driver keeps consistent itself.
        case disk
        /// What survives a power cut: intents are synced.
        case durable
    }

    /// What an operation does to its object.
    public enum Effect: Sendable {
        /// Makes it.
        case creates
        /// Changes it.
        case changes
        /// Removes it.
        case removes
    }

    var qualified: String { interface.isEmpty ? name : "\(interface).\(name)" }

    /// Whether the ledger holds an intent while it runs.
    var isRecorded: Bool { changes == .kernel || changes == .durable }

    /// What a failed call leaves of its object, for the ledger.
    ///
    /// A creation that the driver says has failed leaves nothing. A call that broke a promise, was given up or lost may
    /// have left anything; so may a removal.
    func leaves(after code: DriverError.Code) -> IntentOutcome {
        let said = code != .misbehaved && code != .deadline && code != .cancelled && code != .unavailable
        return effect == .creates && said ? .failed : .unknown
    }

    var intentEffect: IntentEffect {
        switch effect {
        case .creates: .creates
        case .changes: .changes
        case .removes: .removes
        }
    }
}
