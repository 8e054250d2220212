import PintleInterfaces
import PintleLedger
import PintleObjects
import Synchronization

@testable import PintleHost

/// A driver that is loaded into this process, with everything that belongs to it.
final class DriverUnderTest {
    let folder: TemporaryFolder
    let plugin: LoadedPlugin
    let sink = RecordingSink()

    /// Loads a driver of `Tests/Drivers`.
    convenience init(
        _ name: String, range: ClosedRange<UInt32> = LoadedPlugin.supported, _ change: (inout JSON) -> Void = { _ in }
    ) throws {
        let folder = try TemporaryFolder()
        try DriverBuild.install(name, in: folder, change)
        try self.init(in: folder, range: range)
    }

    /// Loads a driver of `Tests/Drivers` or one of ``DriverBuild/nullDrivers``.
    convenience init(anywhere name: String) throws {
        guard DriverBuild.nullDrivers.contains(name) else {
            try self.init(name)
            return
        }
        let folder = try TemporaryFolder()
        try DriverBuild.install(template: name, in: folder)
        try self.init(in: folder)
    }

    /// Loads the driver that lies in a folder.
    init(in folder: TemporaryFolder, range: ClosedRange<UInt32> = LoadedPlugin.supported) throws {
        self.folder = folder
        plugin = try DriverUnderTest.load(folder, range: range)
    }

    static func load(
        _ folder: TemporaryFolder, range: ClosedRange<UInt32> = LoadedPlugin.supported
    ) throws -> LoadedPlugin {
        let opened = try DriverFolder(folder.path)
        let manifest = try Manifest.read("driver.json", in: opened)
        return try LoadedPlugin(manifest: manifest, folder: opened, range: range)
    }

    func open(
        _ interface: String = "pintle.network/1", options: JSON = [:], ledger: Ledger? = nil,
        timeout: Duration = .seconds(20), maxStuckCalls: Int = 16, limit: Duration = .seconds(10)
    ) throws -> DriverInstance {
        let facts = DriverHost.Facts(
            instanceID: "0a1b2c3d", builtInFolder: "", stateDirectory: "\(folder.path)/state", options: JSONObject())
        return try plugin.open(
            interface, options: options, facts: facts, ledger: ledger, sink: sink, timeout: timeout,
            maxStuckCalls: maxStuckCalls, limit: limit)
    }

    /// An open instance of the network interface.
    func network(
        ledger: Ledger? = nil, timeout: Duration = .seconds(20), maxStuckCalls: Int = 16
    ) throws -> NetworkInstance {
        NetworkInstance(try open(ledger: ledger, timeout: timeout, maxStuckCalls: maxStuckCalls))
    }
}

/// Keeps what drivers say.
final class RecordingSink: DriverSink {
    private let kept = Mutex<[String]>([])

    /// Log lines, events and counters in their order.
    var lines: [String] { kept.withLock { $0 } }

    func log(_ level: DriverLogLevel, _ driver: String, _ message: String) {
        kept.withLock { $0.append(message) }
    }

    func event(_ level: DriverLogLevel, _ driver: String, reason: String, _ message: String) {
        kept.withLock { $0.append("event \(reason): \(message)") }
    }

    func metric(_ driver: String, _ name: String, add: Int64) {
        kept.withLock { $0.append("metric \(name) \(add)") }
    }
}

/// Answers the error that `body` throws.
func refusal<R>(_ body: () throws -> R) throws -> DriverError {
    do { _ = try body() } catch let error as DriverError { return error }
    throw TestFailure("nothing was refused")
}

/// Answers the error that `body` throws.
func failure<R>(_ body: () async throws -> R) async throws -> DriverError {
    do { _ = try await body() } catch let error as DriverError { return error }
    throw TestFailure("the call succeeded")
}

/// A request to attach.
func attachRequest(_ id: String = "a", sandbox: String = "s", path: String = "") -> NetworkAttachRequest {
    var request = NetworkAttachRequest()
    request.attachmentId = id
    request.sandboxId = sandbox
    request.interface = "eth0"
    request.netnsPath = path
    return request
}

/// A request to detach.
func detachRequest(_ id: String = "a") -> NetworkDetachRequest {
    var request = NetworkDetachRequest()
    request.attachmentId = id
    return request
}
