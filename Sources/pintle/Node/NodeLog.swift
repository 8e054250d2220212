internal import ArgumentParser
internal import Glibc
internal import Logging
internal import PintleHost
internal import PintleObjects

/// How log lines look.
enum LogFormat: String, ExpressibleByArgument, CaseIterable {
    /// For people.
    case text
    /// One JSON object a line.
    case json
}

/// Writes the node's log to standard error, a line a write.
struct LineLog: LogHandler {
    let label: String
    let format: LogFormat
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let (level, message) = (event.level, event.message)
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        let time = Timestamp.now.rfc3339Micro
        var text: String
        switch format {
        case .text:
            text = "\(time) \(level.rawValue.uppercased()) \(label): \(message)"
            for (key, value) in all.sorted(by: { $0.key < $1.key }) { text += " \(key)=\(value)" }
        case .json:
            var object: JSON = [
                "ts": .string(time), "level": .string(level.rawValue), "logger": .string(label),
                "msg": .string("\(message)"),
            ]
            for (key, value) in all.sorted(by: { $0.key < $1.key }) { object[key] = .string("\(value)") }
            text = String(decoding: object.serialized(), as: UTF8.self)
        }
        let bytes = Array((text + "\n").utf8)
        _ = write(2, bytes, bytes.count)
    }
}

/// What drivers say, in the node's log.
struct DriverLog: DriverSink {
    let logger: Logger

    func log(_ level: DriverLogLevel, _ driver: String, _ message: String) {
        logger.log(level: Self.level(level), "\(message)", metadata: ["driver": "\(driver)"])
    }

    func event(_ level: DriverLogLevel, _ driver: String, reason: String, _ message: String) {
        logger.log(level: Self.level(level), "\(reason): \(message)", metadata: ["driver": "\(driver)"])
    }

    func metric(_ driver: String, _ name: String, add: Int64) {}

    private static func level(_ level: DriverLogLevel) -> Logger.Level {
        switch level {
        case .trace: .trace
        case .debug: .debug
        case .info: .info
        case .warning: .warning
        case .error: .error
        }
    }
}
