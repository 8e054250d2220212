internal import CPintleABI
internal import Glibc
public import PintleInterfaces
public import PintleLedger
public import PintleObjects

/// Loads the configured drivers, opens their instances and hands them out as three protocols.
///
/// Threads: open it once; everything after that may be used from any.
public final class DriverHost: Sendable {
    /// Runs pods.
    public let runtime: any RuntimeService
    /// Attaches pods, each in turn; the first attachment's result is the next one's previous.
    public let networks: [any NetworkService]
    /// Makes volumes usable; the first one has the node's own volumes.
    public let storages: [any StorageService]
    /// Every open instance, in the configuration's order.
    public let instances: [DriverInstance]

    /// What the node tells its drivers.
    ///
    /// An option that the driver's schema has and the configuration leaves out is filled in from here.
    public struct Facts: Sendable {
        /// 8 hexadecimal digits.
        public var instanceID: String
        /// The folder with the drivers that ship with the host.
        public var builtInFolder: String
        /// Where drivers' own directories lie, absolute.
        public var stateDirectory: String
        /// Options that the node knows, such as `subnets`.
        public var options: JSONObject

        /// Makes facts.
        public init(instanceID: String, builtInFolder: String, stateDirectory: String, options: JSONObject) {
            self.instanceID = instanceID
            self.builtInFolder = builtInFolder
            self.stateDirectory = stateDirectory
            self.options = options
        }
    }

    /// Loads and opens every configured driver.
    ///
    /// Blocks: call it off Swift's cooperative pool.
    ///
    /// - Throws: ``ConfigurationError`` with the file's line for what the configuration got wrong, ``DriverError`` for
    ///   what a driver got wrong. Instances that were open already are closed.
    public init(_ file: ConfigurationFile, facts: Facts, ledger: Ledger?, sink: any DriverSink) throws {
        var open: [(DriverInstance, String)] = []
        var loaded: [String: LoadedPlugin] = [:]
        do {
            for driver in file.configuration.drivers {
                let plugin: LoadedPlugin
                let folder = driver.folder ?? facts.builtInFolder
                if let found = loaded["\(folder)/\(driver.plugin)"] {
                    plugin = found
                } else {
                    plugin = try Self.load(driver, folder: folder, file, sink)
                    loaded["\(folder)/\(driver.plugin)"] = plugin
                }
                let options = try Self.options(driver, plugin.manifest, facts, file)
                open.append(
                    (
                        try plugin.open(
                            driver.interface, options: options, facts: facts, ledger: ledger, sink: sink,
                            timeout: driver.timeout, maxStuckCalls: driver.maxStuckCalls), driver.interface
                    ))
            }
            func all(_ interface: String) -> [DriverInstance] { open.filter { $0.1 == interface }.map(\.0) }
            guard let runtime = all("pintle.runtime/1").first, all("pintle.runtime/1").count == 1 else {
                throw file.error(
                    at: "drivers",
                    "expected exactly one driver with interface: pintle.runtime/1, found \(all("pintle.runtime/1").count)"
                )
            }
            self.runtime = RuntimeInstance(runtime)
            networks = all("pintle.network/1").map { NetworkInstance($0) }
            storages = all("pintle.storage/1").map { StorageInstance($0) }
            instances = open.map(\.0)
        } catch {
            for (instance, _) in open { instance.close() }
            throw error
        }
    }

    /// Closes every instance, the last one first.
    public func close() { for instance in instances.reversed() { instance.close() } }

    private static func load(
        _ driver: Configuration.Driver, folder path: String, _ file: ConfigurationFile, _ sink: any DriverSink
    ) throws -> LoadedPlugin {
        let folder = try DriverFolder(path)
        let manifests = try Manifest.all(in: folder)
        guard let manifest = manifests.first(where: { $0.id == driver.plugin }) else {
            let found = manifests.map(\.id).joined(separator: ", ")
            throw file.error(
                at: "\(driver.path).plugin",
                "no manifest in \(path) has the id \(driver.plugin); found \(found.isEmpty ? "none" : found)")
        }
        for warning in manifest.warnings { sink.log(.warning, manifest.id, warning) }
        let isolation = driver.isolation ?? (driver.folder == nil ? .inProcess : .process)
        guard isolation == .inProcess else {
            throw file.error(
                at: driver.path,
                "\(driver.plugin) would run in a process of its own, which this version does not have yet; set isolation: in_process to run it in the host"
            )
        }
        guard manifest.isolation.contains(.inProcess) else {
            throw file.error(
                at: "\(driver.path).isolation",
                "\(driver.plugin) does not support in_process; its manifest lists \(manifest.isolation.map(\.rawValue).joined(separator: ", "))"
            )
        }
        return try LoadedPlugin(manifest: manifest, folder: folder)
    }

    private static func options(
        _ driver: Configuration.Driver, _ manifest: Manifest, _ facts: Facts, _ file: ConfigurationFile
    ) throws(ConfigurationError) -> JSON {
        guard let schema = manifest.configSchema else {
            if let object = driver.options.object, let key = object.keys.first {
                throw file.error(at: "\(driver.path).options.\(key)", "\(driver.plugin) takes no options")
            }
            return .object(JSONObject())
        }
        var options = driver.options.object ?? JSONObject()
        for (key, value) in facts.options.members where options[key] == nil && manifest.options.contains(key) {
            options[key] = value
        }
        var json = JSON.object(options)
        schema.applyDefaults(&json)
        if let error = schema.validate(json).first {
            throw file.error(at: "\(driver.path).options.\(error.path)", error.message)
        }
        return json
    }
}

extension Manifest {
    /// The manifest in a file of a folder.
    ///
    /// - Throws: ``DriverError`` with code `refused` when the file can't be read or could be changed by others,
    ///   ``ManifestError`` for what it says.
    static func read(_ name: String, in folder: borrowing DriverFolder) throws -> Manifest {
        let path = "\(folder.path)/\(name)"
        let descriptor = try folder.open(name)
        defer { Glibc.close(descriptor) }
        guard let bytes = DriverFile.contents(descriptor, limit: 1 << 20) else {
            throw DriverError(.refused, driver: path, "the manifest can't be read or is larger than 1 MiB")
        }
        try OwnedFile.check(descriptor: descriptor, path)
        return try Manifest(bytes, path: path)
    }

    /// Every manifest of a folder, sorted by file name.
    ///
    /// Opens no library.
    ///
    /// - Throws: As ``read(_:in:)``, and ``DriverError`` with code `refused` for two manifests with one id.
    static func all(in folder: borrowing DriverFolder) throws -> [Manifest] {
        var manifests: [Manifest] = []
        for name in folder.manifestNames() {
            let manifest = try read(name, in: folder)
            if let other = manifests.first(where: { $0.id == manifest.id }) {
                throw DriverError(
                    .refused, driver: manifest.id, "two manifests have this id: \(other.path) and \(manifest.path)")
            }
            manifests.append(manifest)
        }
        return manifests
    }

    /// Every manifest of a folder; see ``Manifest``.
    public static func all(inFolder path: String) throws -> [Manifest] { try all(in: DriverFolder(path)) }
}
