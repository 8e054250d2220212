internal import CPintleABI
internal import Glibc
internal import PintleInterfaces
internal import PintleLedger

/// What drivers say, for the node's log, events and metrics.
///
/// Any thread; must not block.
public protocol DriverSink: Sendable {
    /// A line of a driver's log.
    func log(_ level: DriverLogLevel, _ driver: String, _ message: String)
    /// An event on the node.
    func event(_ level: DriverLogLevel, _ driver: String, reason: String, _ message: String)
    /// A counter moved.
    func metric(_ driver: String, _ name: String, add: Int64)
}

/// How urgent a line is.
public enum DriverLogLevel: Int32, Sendable, Comparable {
    /// Every step.
    case trace = 0
    /// What helps to find a fault.
    case debug
    /// What an operator may want to know.
    case info
    /// What an operator should look at.
    case warning
    /// What does not work.
    case error

    /// Less urgent.
    public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// The `pintle_host` that one instance is given.
///
/// It lives as long as the instance.
final class HostTable: @unchecked Sendable {
    // `raw` is constant after init.
    let raw: UnsafeMutablePointer<pintle_host>
    let sink: any DriverSink
    private let driver: String
    private let ledger: Ledger?
    private let stateDirectory: Int32

    /// Makes the table of one instance.
    ///
    /// - Parameters:
    ///   - driver: The manifest's id.
    ///   - minor: The minor version that was agreed on.
    ///   - ledger: Where the driver's entries go; without one they are refused.
    ///   - sink: Takes what the driver says.
    ///   - stateDirectory: A descriptor that this object owns from now on; 0 for none.
    init(driver: String, minor: UInt32, ledger: Ledger?, sink: any DriverSink, stateDirectory: Int32) {
        self.driver = driver
        self.ledger = ledger
        self.sink = sink
        self.stateDirectory = stateDirectory
        raw = .allocate(capacity: 1)
        raw.initialize(to: pintle_host())
        raw.pointee.size = UInt32(MemoryLayout<pintle_host>.size)
        raw.pointee.abi_minor = minor
        raw.pointee.context = Unmanaged.passUnretained(self).toOpaque()
        raw.pointee.log = { host, level, message in
            guard let table = HostTable.of(host) else { return }
            table.sink.log(DriverLogLevel(rawValue: level) ?? .info, table.driver, HostTable.text(message))
        }
        raw.pointee.now = { _ in monotonicNanoseconds() }
        raw.pointee.state_dir = { HostTable.of($0)?.stateDirectory ?? 0 }
        raw.pointee.metric = { host, name, add in
            guard let table = HostTable.of(host) else { return }
            table.sink.metric(table.driver, HostTable.text(name), add: add)
        }
        raw.pointee.event = { host, level, reason, message in
            guard let table = HostTable.of(host) else { return }
            table.sink.event(
                DriverLogLevel(rawValue: level) ?? .info, table.driver, reason: HostTable.text(reason),
                HostTable.text(message))
        }
        raw.pointee.thread_check = { _ in CallFrame.threadIsQuick ? 0 : 1 }
        raw.pointee.get_extension = { _, _ in nil }
        raw.pointee.ledger_put = { host, entry in
            guard let table = HostTable.of(host), let entry else { return PINTLE_INVALID }
            return table.put(entry.pointee)
        }
        raw.pointee.ledger_delete = { host, kind, key in
            guard let table = HostTable.of(host), let ledger = table.ledger else { return PINTLE_UNAVAILABLE }
            return HostTable.status {
                try ledger.delete(
                    driver: table.driver, kind: ABIReader.text(kind, "kind"), key: ABIReader.text(key, "key"),
                    durability: .process)
            }
        }
        raw.pointee.ledger_list = { host, kind, out in
            guard let table = HostTable.of(host), let out else { return PINTLE_INVALID }
            return table.list(kind, out)
        }
    }

    deinit {
        if stateDirectory > 0 { close(stateDirectory) }
        raw.deallocate()
    }

    private static func of(_ host: UnsafePointer<pintle_host>?) -> HostTable? {
        guard let context = host?.pointee.context else { return nil }
        return Unmanaged<HostTable>.fromOpaque(context).takeUnretainedValue()
    }

    private static func text(_ view: pintle_bytes) -> String {
        (try? ABIReader.text(view, "message")) ?? "(text that is not UTF-8, PD-6)"
    }

    private func put(_ entry: pintle_ledger_entry) -> Int32 {
        guard let ledger else { return PINTLE_UNAVAILABLE }
        return Self.status {
            try ledger.put(
                driver: driver, kind: ABIReader.text(entry.kind, "kind"), key: ABIReader.text(entry.key, "key"),
                owner: ABIReader.text(entry.owner, "owner"), durability: .process)
        }
    }

    private func list(_ kind: pintle_bytes, _ out: UnsafePointer<pintle_ledger_entry_sink>) -> Int32 {
        guard let ledger else { return PINTLE_UNAVAILABLE }
        return Self.status {
            let arena = ABIArena()
            for entry in try ledger.list(driver: driver, kind: ABIReader.text(kind, "kind")) {
                var item = pintle_ledger_entry(
                    size: UInt32(MemoryLayout<pintle_ledger_entry>.size), reserved0: 0, kind: arena.text(entry.kind),
                    key: arena.text(entry.key), owner: arena.text(entry.owner))
                if out.pointee.put?(out.pointee.context, &item) != 0 { break }
            }
        }
    }

    private static func status(_ body: () throws -> Void) -> Int32 {
        do {
            try body()
            return PINTLE_OK
        } catch let error as LedgerError {
            return error.code == .conflict ? PINTLE_CONFLICT : error.code == .invalid ? PINTLE_INVALID : PINTLE_RESOURCE
        } catch {
            return PINTLE_INVALID
        }
    }
}
