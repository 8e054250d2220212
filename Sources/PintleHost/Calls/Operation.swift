internal import CPintleFields
internal import PintleInterfaces
internal import PintleLedger

/// An operation of an interface, as the generated clients name it.
public struct Operation: @unchecked Sendable {
    // The names are constants of this program: there is nothing to count or copy when an operation is made for a call.

    /// The interface's short name: `runtime`, `network` or `storage`.
    public var interface: String { String(cString: interfaceName) }
    /// Its name in the interface.
    public var name: String { String(cString: operationName) }
    /// Its number in the interface.
    public let number: UInt32
    /// What it changes.
    public let changes: Changes
    /// What it does to the object that it names.
    public let effect: Effect
    /// Whether it never blocks, so that it needs no driver thread.
    public let quick: Bool
    private let interfaceName: UnsafePointer<UInt8>
    private let operationName: UnsafePointer<UInt8>

    init(
        _ interface: StaticString, _ number: UInt32, _ name: StaticString, _ changes: Changes, _ effect: Effect,
        quick: Bool
    ) {
        interfaceName = interface.utf8Start
        operationName = name.utf8Start
        self.number = number
        self.changes = changes
        self.effect = effect
        self.quick = quick
    }

    /// An operation of the field tables, called without being recorded in the ledger.
    init(_ info: pintle_interface_info, _ operation: pintle_operation) {
        let none: StaticString = ""
        interfaceName = info.name.map { UnsafeRawPointer($0).assumingMemoryBound(to: UInt8.self) } ?? none.utf8Start
        operationName =
            operation.name.map { UnsafeRawPointer($0).assumingMemoryBound(to: UInt8.self) } ?? none.utf8Start
        number = operation.number
        changes = .nothing
        effect = .changes
        quick = operation.quick != 0
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
