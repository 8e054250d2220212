import Glibc
import PintleInterfaces
import PintleObjects
import Testing

@testable import PintleHost

extension HostSuite {
    @Suite("The driver host")
    struct Hosts {
        private let folder: TemporaryFolder
        private let sink = RecordingSink()

        /// A runtime and a network driver, the latter with options.
        init() throws {
            folder = try TemporaryFolder()
            try add("short_table", "runtime") { $0["interfaces"] = ["pintle.runtime/1"] }
            try add("good", "network") {
                $0["config_schema"] = [
                    "type": "object", "required": ["subnets"],
                    "properties": [
                        "subnets": ["type": "array", "items": ["type": "string"]],
                        "mtu": ["type": "integer", "minimum": 0, "default": 1500],
                        "ipMasq": ["type": "boolean", "default": true],
                    ],
                ]
            }
        }

        /// A driver of its own id, made of a driver of `Tests/Drivers`.
        private func add(_ name: String, _ id: String, _ change: (inout JSON) -> Void) throws {
            let own = try TemporaryFolder()
            try DriverBuild.install(name, in: own, change)
            var manifest = try JSON(parsing: own.read("driver.json"))
            manifest["library"] = .string("lib\(id).so")
            try run("/bin/cp", ["\(own.path)/libdriver.so", "\(folder.path)/lib\(id).so"])
            try folder.write("\(id).json", manifest.prettyPrinted())
        }

        private func host(_ text: String, options: JSONObject = JSONObject([("subnets", ["10.9.0.0/24"])])) throws
            -> DriverHost
        {
            let file = try ConfigurationFile(
                "apiVersion: pintle.dev/v1alpha1\nkind: Configuration\ndrivers:\n" + text, path: "config")
            let facts = DriverHost.Facts(
                instanceID: "00000001", builtInFolder: folder.path, stateDirectory: "", options: options)
            return try DriverHost(file, facts: facts, ledger: nil, sink: sink)
        }

        @Test("both drivers of one id are an error that names the manifests")
        func sameID() throws {
            let error = try refusal { try host("- {plugin: dev.pintle.test, interface: pintle.network/1}\n") }
            #expect(error.message.contains("two manifests have this id"))
        }

        @Test("it opens the configured drivers with checked and completed options, and closes them")
        func opens() async throws {
            try separate()
            let host = try host(
                """
                - {plugin: dev.pintle.runtime, interface: pintle.runtime/1}
                - {plugin: dev.pintle.test, interface: pintle.network/1, options: {mtu: 9000}}
                """)
            #expect(host.instances.map(\.interface) == ["pintle.runtime/1", "pintle.network/1"])
            #expect(host.networks.count == 1 && host.storages.isEmpty)
            #expect(try await host.networks[0].status(timeout: nil).ready)
            let config = try JSON(parsing: Array(#require(sink.lines.last { $0.hasPrefix("{\"") }).utf8))
            #expect(config == ["mtu": 9000, "subnets": ["10.9.0.0/24"], "ipMasq": true])
            host.close()
            #expect(sink.lines.filter { $0 == "closed" }.count == 2)
        }

        @Test(
            "what the configuration gets wrong about a driver has its line",
            arguments: [
                ("options: {mtu: -1}", "drivers[1].options.mtu"), ("options: {mtuu: 1}", "drivers[1].options.mtuu"),
                ("options: {subnets: 5}", "drivers[1].options.subnets"),
                ("isolation: process", "set isolation: in_process"), ("folder: \"%\"", "set isolation: in_process"),
                (
                    "plugin: dev.pintle.nowhere",
                    "no manifest in % has the id dev.pintle.nowhere; found dev.pintle.test, dev.pintle.runtime"
                ),
            ])
        func wrong(_ line: String, _ expected: String) throws {
            try separate()
            let text = """
                - {plugin: dev.pintle.runtime, interface: pintle.runtime/1}
                - interface: pintle.network/1
                  \(line.hasPrefix("plugin") ? "timeout: 5s" : "plugin: dev.pintle.test")
                  \(line.replacing("%", with: folder.path))

                """
            do {
                _ = try host(text)
                Issue.record("the host was opened")
            } catch let error as ConfigurationError {
                #expect(error.line >= 5 && error.line <= 7, "\(error)")
                #expect(error.message.contains(expected.replacing("%", with: folder.path)), "\(error)")
            }
            // The runtime driver had been opened and is closed again.
            #expect(sink.lines.last == "closed")
        }

        @Test("a missing option is an error when the node does not know it either")
        func missing() throws {
            try separate()
            #expect(throws: ConfigurationError.self) {
                try host(
                    "- {plugin: dev.pintle.runtime, interface: pintle.runtime/1}\n- {plugin: dev.pintle.test, interface: pintle.network/1}\n",
                    options: JSONObject())
            }
        }

        @Test("options for a driver that takes none are refused")
        func noOptions() throws {
            try separate()
            #expect(throws: ConfigurationError.self) {
                try host("- {plugin: dev.pintle.runtime, interface: pintle.runtime/1, options: {a: 1}}\n")
            }
        }

        @Test("a node without a runtime is refused")
        func noRuntime() throws {
            try separate()
            #expect(throws: ConfigurationError.self) {
                try host("- {plugin: dev.pintle.test, interface: pintle.network/1}\n")
            }
        }

        /// Gives the runtime driver an id of its own; its library says so too.
        private func separate() throws {
            var manifest = try JSON(parsing: folder.read("runtime.json"))
            manifest["id"] = "dev.pintle.runtime"
            let library = try DriverBuild.library(
                "Tests/Drivers/short_table.c", defines: ["DRIVER_ID=\"dev.pintle.runtime\""])
            try run("/bin/cp", [library, "\(folder.path)/libruntime.so"])
            try folder.write("runtime.json", manifest.prettyPrinted())
            try PluginTools.stamp("\(folder.path)/libruntime.so")
        }
    }
}
