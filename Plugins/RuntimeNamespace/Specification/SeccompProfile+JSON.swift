import Glibc
import PintleObjects
import PintleSDK
import PintleSystem

extension SeccompProfile {
    /// Reads a profile of the form that Docker and OCI runtimes share, as `type: Localhost` names one.
    ///
    /// - Throws: `INVALID` when it can't be read or says something that is not understood.
    static func localhost(_ path: String, _ capabilities: Capabilities) throws(DriverFailure) -> SeccompProfile {
        guard path.hasPrefix("/") else { throw invalid(path, "the path is not absolute") }
        let bytes: [UInt8]
        do throws(SystemError) { bytes = try FileAccess.read(path, limit: 4 << 20) } catch {
            throw DriverFailure(
                .notFound, reason: "InvalidSeccompProfile",
                "cannot load seccomp profile \"\(path)\": open \(path): \(SystemError.text(error.errno))",
                errno: error.errno)
        }
        let json: JSON
        do { json = try JSON(parsing: bytes) } catch {
            throw invalid(path, "decoding seccomp profile failed: \(error)")
        }
        let standardErrno = json["defaultErrnoRet"].int.map { Int32(clamping: $0) } ?? EPERM
        let standard = try action(json["defaultAction"], errno: standardErrno, path)
        var rules: [Rule] = []
        for entry in json["syscalls"].array ?? [] where applies(entry, capabilities) {
            let errno = entry["errnoRet"].int.map { Int32(clamping: $0) } ?? EPERM
            var names = (entry["names"].array ?? []).compactMap(\.string)
            if let name = entry["name"].string { names.append(name) }
            rules.append(
                Rule(
                    names: names, action: try action(entry["action"], errno: errno, path),
                    conditions: try (entry["args"].array ?? []).map { (argument) throws(DriverFailure) in
                        try condition(argument, path)
                    }))
        }
        return SeccompProfile(standard: standard, rules: rules)
    }

    /// `includes` and `excludes` make a rule depend on capabilities.
    private static func applies(_ entry: JSON, _ capabilities: Capabilities) -> Bool {
        let included = (entry["includes"]["caps"].array ?? []).compactMap(\.string)
        let excluded = (entry["excludes"]["caps"].array ?? []).compactMap(\.string)
        return included.allSatisfy(capabilities.has) && !excluded.contains(where: capabilities.has)
    }

    private static func action(_ json: JSON, errno: Int32, _ path: String) throws(DriverFailure) -> Action {
        switch json.string ?? "" {
        case "SCMP_ACT_ALLOW": return .allow
        case "SCMP_ACT_ERRNO": return .errno(errno)
        case "SCMP_ACT_KILL", "SCMP_ACT_KILL_THREAD": return .killThread
        case "SCMP_ACT_KILL_PROCESS": return .killProcess
        case "SCMP_ACT_TRAP": return .trap
        case "SCMP_ACT_LOG": return .log
        case "SCMP_ACT_TRACE": return .trace(errno)
        case let other: throw invalid(path, "the action \"\(other)\" is unknown or not supported")
        }
    }

    private static func condition(_ json: JSON, _ path: String) throws(DriverFailure) -> Condition {
        guard let index = json["index"].int, (0...5).contains(index),
            let comparison = Condition.Comparison(rawValue: json["op"].string ?? "")
        else { throw invalid(path, "an argument's index or op is wrong") }
        return Condition(
            index: UInt32(index), comparison: comparison, value: number(json["value"]), second: number(json["valueTwo"])
        )
    }

    private static func number(_ json: JSON) -> UInt64 {
        switch json {
        case .integer(let value): UInt64(bitPattern: value)
        case .number(let text): UInt64(text) ?? 0
        default: 0
        }
    }

    private static func invalid(_ path: String, _ problem: String) -> DriverFailure {
        DriverFailure(.invalid, reason: "InvalidSeccompProfile", "seccomp profile \(path): \(problem)")
    }
}
