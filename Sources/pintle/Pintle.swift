internal import ArgumentParser

/// The program: subcommands, nothing else.
@main
struct Pintle: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pintle", abstract: "A Kubernetes-compatible orchestrator whose drivers are shared objects.",
        version: ProductVersion.text,
        subcommands: [
            Up.self, Down.self, ShutdownCommand.self, ImageCommand.self, PluginCommand.self, LedgerCommand.self,
        ])
}

/// The version that everything reports.
enum ProductVersion {
    static let text = "v1.36.2+pintle"
}

/// Options of every subcommand that concerns a node.
struct NodeOptions: ParsableArguments {
    @Option(name: .long, help: "The node's data directory.")
    var dataDir = "/var/lib/pintle"

    @Option(name: .long, help: "The configuration file; built-in defaults when the default path is absent.")
    var config: String?
}

/// A failure to show: one sentence on standard error, exit status 1.
struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
