import PintleInterfaces
import PintleObjects
import Testing

@testable import PintleHost

extension HostSuite {
    @Suite("The configuration file")
    struct ConfigurationFiles {
        private static let head = "apiVersion: pintle.dev/v1alpha1\nkind: Configuration\n"

        @Test(
            "a mistake is refused with file, line and what would be right",
            arguments: [
                ("nodes: {}\n", 3, "nodes: unknown key; expected one of apiVersion, kind, node, drivers"),
                ("node:\n  maxPods: 10\n  maxpods: 5\n", 5, "node.maxpods: unknown key"),
                (
                    "node:\n  maxPods: many\n", 4,
                    "node.maxPods: expected a whole number from 1 to 10000, found \"many\""
                ),
                ("node:\n  maxPods: 0\n", 4, "node.maxPods: expected a whole number from 1 to 10000, found 0"),
                ("node: 5\n", 3, "node: expected a mapping, found 5"),
                ("node:\n  containerLogMaxSize: 1Ki\n", 4, "expected a quantity of at least 4Ki"),
                ("drivers: {}\n", 3, "drivers: expected a list of at least one driver"),
                ("drivers:\n- interface: pintle.network/1\n", 4, "expected a plugin id"),
                ("drivers:\n- plugin: a\n", 4, "expected an interface"),
                (
                    "drivers:\n- plugin: a\n  interface: b\n  isolation: jail\n", 6,
                    "expected in_process or process, found jail"
                ),
                (
                    "drivers:\n- plugin: a\n  interface: b\n  timeout: soon\n", 6,
                    "expected a duration such as 30s, 500ms or 2m, found soon"
                ),
                ("drivers:\n- plugin: a\n  interface: b\n  options: [1]\n", 6, "expected a mapping, found [1]"),
                (
                    "drivers:\n- plugin: a\n  interface: b\n- plugin: [c]\n", 6,
                    "drivers[1].plugin: expected a text, found [\"c\"]"
                ),
                ("node:\n\tmaxPods: 1\n", 4, ""),
                ("node:\n  maxPods: 1\n  maxPods: 2\n", 5, ""),
            ])
        func mistake(_ text: String, _ line: Int, _ expected: String) throws {
            let error = try refused(Self.head + text)
            #expect(error.file == "/etc/pintle/config.yaml")
            #expect(error.line == line, "\(error)")
            #expect(error.message.contains(expected), "\(error)")
            #expect(error.description.hasPrefix("/etc/pintle/config.yaml:\(line): "))
        }

        @Test(
            "kind and version are required",
            arguments: [("", 0), ("kind: Configuration\n", 1), ("apiVersion: v1\nkind: Configuration\n", 1)])
        func head(_ text: String, _ line: Int) throws {
            #expect(try refused(text).line == line)
        }

        @Test("what is left out has its default")
        func defaults() throws {
            let file = try ConfigurationFile(Self.head + "node:\n  maxPods: 7\n", path: "x")
            #expect(file.configuration.node.maxPods == 7)
            #expect(file.configuration.node.podRange == "10.244.0.0/16")
            #expect(
                file.configuration.drivers.map(\.interface) == [
                    "pintle.runtime/1", "pintle.network/1", "pintle.storage/1",
                ])
        }

        @Test("drivers are read in their order with everything they have")
        func drivers() throws {
            let text = """
                drivers:
                - {plugin: a, interface: pintle.network/1, folder: /x, isolation: in_process, timeout: 500ms, maxStuckCalls: 3, options: {mtu: 9000}}
                - {plugin: b, interface: pintle.storage/1, timeout: 2m}
                """
            let drivers = try ConfigurationFile(Self.head + text, path: "x").configuration.drivers
            #expect(drivers.map(\.plugin) == ["a", "b"])
            #expect(drivers[0].folder == "/x" && drivers[0].isolation == .inProcess && drivers[0].maxStuckCalls == 3)
            #expect(drivers[0].timeout == .milliseconds(500) && drivers[0].options["mtu"].int == 9000)
            #expect(drivers[1].folder == nil && drivers[1].isolation == nil && drivers[1].maxStuckCalls == 16)
            #expect(drivers[1].timeout == .seconds(120))
        }

        @Test("the example names every key and is right")
        func example() throws {
            let text = try run("/bin/cat", ["\(DriverBuild.root)/Examples/config.yaml"])
            let file = try ConfigurationFile(text, path: "Examples/config.yaml")
            #expect(file.configuration.drivers.count == 3)
            let own = [
                "maxPods", "podRange", "podRangeSize", "allowedUnsafeSysctls", "podPidsLimit", "port", "address",
            ]
            for key in own + NodePolicyReader.keys { #expect(text.contains(" \(key): "), "\(key) is missing") }
        }

        private func refused(_ text: String) throws -> ConfigurationError {
            do { _ = try ConfigurationFile(text, path: "/etc/pintle/config.yaml") } catch { return error }
            throw TestFailure("the file was taken: \(text)")
        }
    }
}
