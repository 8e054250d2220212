internal import Glibc
internal import Logging
internal import PintleHost
internal import PintleInterfaces
internal import PintleLedger
internal import PintleObjects

/// A data directory with its ledger and its drivers open: what `up` runs on, and what `down` and `image` use when
/// no node runs.
struct NodeDrivers {
    let directory: NodeDirectory
    let file: ConfigurationFile
    let ledger: Ledger
    let host: DriverHost
    let podRange: String

    static let defaultConfiguration = "/etc/pintle/config.yaml"

    /// Opens everything.
    ///
    /// Blocks for some milliseconds; run it off Swift's cooperative pool.
    init(_ options: NodeOptions, create: Bool, logger: Logger) throws {
        file = try Self.configuration(options.config)
        directory = try NodeDirectory(options.dataDir, create: create)
        podRange = try directory.podRange(file.configuration.node)
        ledger = try Ledger(
            directory: directory.path, crashPoint: CrashPoint.ledger)
        var facts = JSONObject()
        facts["dataDir"] = .string(directory.path)
        facts["runDir"] = .string(directory.runDirectory)
        facts["subnets"] = .array([.string(podRange)])
        host = try DriverHost(
            file,
            facts: DriverHost.Facts(
                instanceID: directory.instanceID, builtInFolder: Self.builtInFolder(),
                stateDirectory: "\(directory.path)/drivers", options: facts),
            ledger: ledger, sink: DriverLog(logger: logger))
        for instance in host.instances {
            logger.info(
                "driver open",
                metadata: [
                    "driver": "\(instance.driver)", "interface": "\(instance.interface)",
                    "version": "\(instance.version)",
                    "sha256": "\(instance.sha256)",
                ])
        }
    }

    func close() {
        host.close()
        ledger.close()
    }

    static func configuration(_ given: String?) throws -> ConfigurationFile {
        let path = given ?? defaultConfiguration
        if given == nil, access(path, F_OK) != 0 { return ConfigurationFile() }
        guard let text = NodeDirectory.readText(path) else {
            throw Failure("\(path): the configuration file can't be read or is empty")
        }
        return try ConfigurationFile(text, path: path)
    }

    /// The folder of the running program, where the drivers that ship with it lie.
    static func builtInFolder() -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        let path = String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }
}
