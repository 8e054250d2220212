internal import ArgumentParser
internal import Logging

/// `pintle up`.
struct Up: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs a node in the foreground: API server, scheduler, node agent. Pods go on when it stops.")

    @OptionGroup var node: NodeOptions

    @Option(name: .long, help: "Address and port of the API server.")
    var listen = "127.0.0.1:6443"

    @Option(name: .long, help: "The node's name; the host's name by default.")
    var nodeName: String?

    @Option(name: .long, help: "Least urgent log level: trace, debug, info, notice, warning, error, critical.")
    var logLevel = "info"

    @Option(name: .long, help: "How log lines look: text or json.")
    var logFormat = LogFormat.text

    @Flag(help: "Runs the pods of node.staticPodPath and nothing else: no API server, no scheduler.")
    var standalone = false

    mutating func validate() throws {
        guard Logger.Level(rawValue: logLevel) != nil else {
            throw ValidationError(
                "--log-level: expected trace, debug, info, notice, warning, error or critical, found \(logLevel)")
        }
        do { _ = try Self.split(listen) } catch { throw ValidationError("\(error)") }
    }

    func run() async throws {
        let logger = Self.logger(logLevel, logFormat)
        if standalone { return try await StandaloneProcess(options: self, logger: logger).run() }
        try await NodeProcess(options: self, logger: logger).run()
    }

    static func logger(_ level: String, _ format: LogFormat) -> Logger {
        Logger(label: "pintle") { label in
            LineLog(label: label, format: format, logLevel: Logger.Level(rawValue: level) ?? .info)
        }
    }

    /// `ADDRESS:PORT` or `[ADDRESS]:PORT`.
    static func split(_ text: String) throws -> (String, Int) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65535).contains(port)
        else { throw Failure("--listen: expected ADDRESS:PORT such as 127.0.0.1:6443, found \(text)") }
        var address = String(text[..<colon])
        if address.hasPrefix("["), address.hasSuffix("]") { address = String(address.dropFirst().dropLast()) }
        guard !address.isEmpty else {
            throw Failure("--listen: expected ADDRESS:PORT such as 127.0.0.1:6443, found \(text)")
        }
        return (address, port)
    }
}
