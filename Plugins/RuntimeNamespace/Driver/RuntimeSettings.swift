import Glibc
import PintleObjects
import PintleSDK
import PintleSystem

/// The driver's configuration, as `RuntimeNamespace.json` describes it.
struct RuntimeSettings: Sendable {
    var dataDirectory: String
    var runDirectory: String
    var infra: String
    var images: ImageStoreConfiguration
    /// Bytes of a pod's /dev/shm.
    var shmBytes: UInt64

    /// - Throws: `INVALID` for a configuration that the schema let through but can't be.
    init(_ context: OpenContext) throws(DriverFailure) {
        let json: JSON
        do { json = try JSON(parsing: context.config.isEmpty ? Array("{}".utf8) : context.config) } catch {
            throw Self.invalid("it is not JSON: \(error)")
        }
        let data = json["dataDir"].string ?? ""
        dataDirectory = data.isEmpty ? try Self.path(of: context.host.stateDirectory) : data + "/runtime"
        let run = json["runDir"].string ?? ""
        runDirectory = run.isEmpty ? "/run/pintle-\(context.instanceID)" : run
        infra = Self.program("pintle-infra", json["infra"].string)
        shmBytes = UInt64(clamping: json["shmBytes"].int ?? 64 << 20)
        let imageDirectory = data.isEmpty ? dataDirectory + "/images" : data + "/images"
        do {
            images = try ImageStoreConfiguration(
                directory: json["images"]["directory"].string.flatMap { $0.isEmpty ? nil : $0 } ?? imageDirectory,
                unpacker: Self.program("pintle-unpack", json["unpacker"].string), json: json["images"])
        } catch { throw Self.invalid(error.message) }
        for (name, path) in [("dataDir", dataDirectory), ("runDir", runDirectory), ("infra", infra)] {
            guard path.hasPrefix("/") else { throw Self.invalid("\(name): \"\(path)\" is not an absolute path") }
        }
    }

    private static func invalid(_ problem: String) -> DriverFailure {
        DriverFailure(.invalid, reason: "InvalidConfiguration", "configuration of the runtime driver: \(problem)")
    }

    /// The host's directory for this driver, when the configuration names none.
    private static func path(of descriptor: Int32?) throws(DriverFailure) -> String {
        guard let descriptor, let path = link("/proc/self/fd/\(descriptor)") else {
            throw invalid("dataDir is missing and the host gives no state directory")
        }
        return path
    }

    /// A program of ours lies beside the host's.
    private static func program(_ name: String, _ configured: String?) -> String {
        if let configured, !configured.isEmpty { return configured }
        let host = link("/proc/self/exe") ?? ""
        guard let slash = host.lastIndex(of: "/") else { return name }
        return String(host[..<slash]) + "/" + name
    }

    private static func link(_ path: String) -> String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(path, &buffer, buffer.count)
        return count > 0 ? String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
    }
}
