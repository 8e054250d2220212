internal import ArgumentParser
internal import Glibc
internal import PintleHost
internal import PintleObjects

/// `pintle plugin`: works on driver files, without a running node.
struct PluginCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plugin", abstract: "Works on driver files, without a running node.",
        subcommands: [List.self, Inspect.self, Verify.self, VerifyChild.self, Call.self, Stamp.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the drivers of the configured folders; opens no library.")
        @OptionGroup var node: NodeOptions
        @Option(name: .long, help: "A folder to list; repeat it. By default those of the configuration.") var folder:
            [String] = []

        func run() throws {
            let file = try NodeDrivers.configuration(node.config)
            let configured = file.configuration.drivers
            let folders = folder.isEmpty ? [NodeDrivers.builtInFolder()] + configured.compactMap(\.folder) : folder
            var seen: Set<String> = []
            var rows = [["ID", "VERSION", "INTERFACES", "CONFIGURED", "ISOLATION", "PATH"]]
            var problems: [String] = []
            for listing in PluginTools.list(folders: folders.filter { seen.insert($0).inserted }) {
                if !listing.problem.isEmpty { problems.append("\(listing.path): \(listing.problem)") }
                guard let manifest = listing.manifest else { continue }
                let used = configured.contains { $0.plugin == manifest.id }
                rows.append([
                    manifest.id, manifest.version, manifest.interfaces.joined(separator: ","), used ? "yes" : "no",
                    manifest.isolation.map(\.rawValue).joined(separator: ","), manifest.path,
                ])
            }
            for row in rows { print(Table.line(row, rows)) }
            if !problems.isEmpty { throw Failure(problems.joined(separator: "\n")) }
        }
    }

    struct Inspect: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Prints a driver's manifest as the host reads it.")
        @Argument(help: "The library or its manifest.") var file: String
        func run() throws { print(try PluginTools.inspect(NodeDirectory.absolute(file)).prettyPrinted()) }
    }

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Loads a driver in a throw-away process; prints descriptor, symbols, capabilities and digest.")
        @Argument(help: "The library or its manifest.") var file: String

        func run() throws {
            let result = try PluginTools.verify(NodeDirectory.absolute(file), executable: "/proc/self/exe")
            print(result.report.prettyPrinted())
            guard result.isGood else { throw Failure(result.problems.joined(separator: "\n")) }
        }
    }

    struct VerifyChild: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify-child", abstract: "What verify runs in its throw-away process.", shouldDisplay: false)
        @Argument var file: String
        func run() throws { throw ExitCode(PluginTools.verifyChild(file)) }
    }

    struct Call: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Opens a driver with its default options and calls one operation: JSON in, JSON out.")
        @Argument(help: "The library or its manifest.") var file: String
        @Argument(help: "Such as network.version.") var operation: String
        @Argument(help: "The request.") var request = "{}"
        @Option(name: .long, help: "The driver's options, as JSON.") var options = "{}"

        func run() async throws {
            let (file, operation) = (NodeDirectory.absolute(file), operation)
            let (request, options) = (request, options)
            let results = try await onOwnThread {
                try PluginTools.call(file, operation: operation, json: request, options: options)
            }
            print(results.prettyPrinted())
        }
    }

    struct Stamp: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes digest, architecture and Swift runtime of a library into its manifest.")
        @Argument(help: "The library; its manifest lies beside it.") var file: String
        func run() throws { try PluginTools.stamp(NodeDirectory.absolute(file)) }
    }
}
