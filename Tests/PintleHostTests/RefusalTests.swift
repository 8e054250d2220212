import PintleInterfaces
import PintleObjects
import Testing

@testable import PintleHost

extension HostSuite {
    @Suite("Drivers that are refused")
    struct Refusals {
        @Test(
            "a driver with one fault is refused with an error that names it",
            arguments: [
                ("no_entry", "exports no pintle_plugin_entry_1"),
                ("wrong_major", "exports no pintle_plugin_entry_1"),
                ("null_descriptor", "answered null without a reason"),
                ("refuses_host", "the driver refuses this host: max_minor: expected 9, found less"),
                ("minor_out_of_range", "abi_minor: expected 0 to 0, found 7"),
                ("descriptor_size_0", "descriptor size: expected 80 to 1048576, found 0"),
                ("descriptor_size_3", "descriptor size: expected 80 to 1048576, found 3"),
                ("descriptor_size_4gb", "descriptor size: expected 80 to 1048576, found 4294967295"),
                ("table_size_0", "table size: expected 16 to 65536, found 0"),
                ("table_size_3", "table size: expected 16 to 65536, found 3"),
                ("table_size_4gb", "table size: expected 16 to 65536, found 4294967295"),
                ("null_operation", "pintle.network/1: detach: expected a function, found null"),
                ("null_open", "descriptor open: expected a function, found null"),
                ("null_table", "pintle.network/1: table: expected a pointer, found null"),
                ("wrong_id", "descriptor id: the manifest says dev.pintle.test, the library dev.pintle.other"),
                ("wrong_version", "descriptor version: the manifest says 1.0.0, the library 2.0.0"),
                ("wrong_interface", "the manifest says [\"pintle.network/1\"], the library [\"com.example.other/1\"]"),
            ])
        func refused(_ name: String, _ expected: String) throws {
            let error = try refusal { try DriverUnderTest(name) }
            #expect(error.code == .refused)
            #expect(error.driver == "dev.pintle.test")
            #expect(error.message.contains(expected), "\(error)")
        }

        @Test("a capability that the manifest declares and the table lacks is refused")
        func missingCapability() throws {
            let error = try refusal {
                try DriverUnderTest("missing_capability") {
                    $0["interfaces"] = ["pintle.storage/1"]
                    $0["capabilities"] = ["pintle.storage.stage/1"]
                }
            }
            #expect(
                error.message.contains("stage: the manifest declares pintle.storage.stage/1, the table has no function")
            )
        }

        @Test("the same table is taken when the manifest does not declare the capability")
        func undeclaredMayBeMissing() throws {
            let driver = try DriverUnderTest("missing_capability") { $0["interfaces"] = ["pintle.storage/1"] }
            let instance = try driver.open("pintle.storage/1")
            #expect(instance.function(5) == nil)
            #expect(instance.function(7) != nil)
        }

        @Test("a capability that open reports and the manifest lacks is refused, and the instance is closed")
        func undeclaredCapability() throws {
            let driver = try DriverUnderTest("undeclared_capability")
            let error = try refusal { try driver.open() }
            #expect(error.code == .misbehaved)
            #expect(error.message.contains("dev.pintle.test.magic/1"))
            #expect(driver.sink.lines.last == "closed")
        }

        @Test(
            "a manifest that does not fit this host is refused",
            arguments: [
                ("abi", ["major": 2, "minor": 0], "abi.major: expected 1, found 2"),
                (
                    "abi", ["major": 1, "minor": 4, "min_host": ["major": 1, "minor": 4]],
                    "a host of at least 1.4, this one speaks up to 1.0"
                ),
                ("arch", "riscv64", "arch: expected"),
                ("sha256", .string(String(repeating: "0", count: 64)), "sha256: expected 0000"),
                ("sha256", nil, "sha256: missing, and `isolation: in_process` needs it"),
                ("swift_runtime", "6.3.1", "swift_runtime: expected none, found 6.3.1"),
            ] as [(String, JSON, String)])
        func manifest(_ field: String, _ value: JSON, _ expected: String) throws {
            let folder = try TemporaryFolder()
            try DriverBuild.install("good", in: folder)
            var manifest = try JSON(parsing: folder.read("driver.json"))
            if value.isNull { manifest.remove(field) } else { manifest[field] = value }
            try folder.write("driver.json", manifest.prettyPrinted())
            let error = try refusal { try DriverUnderTest.load(folder) }
            #expect(error.message.contains(expected), "\(error)")
        }

        @Test(
            "a malformed manifest is refused with the field's name",
            arguments: [
                (
                    #"{"format": "2.0", "library": "libdriver.so", "interfaces": []}"#,
                    "format: expected \"1.N\", found \"2.0\""
                ),
                (#"{"format": "1.0", "library": "libdriver.so"}"#, "id: expected a text, found nothing"),
                (
                    #"{"format": "1.0", "id": "a", "version": "1", "library": "../libdriver.so"}"#,
                    "library: expected a file name"
                ),
                (#"{"format": "1.0", "library": "x", "interfaces": [],,}"#, "line 1"),
                (
                    #"{"format": "1.0", "id": "a", "version": "1", "library": "x", "abi": {"major": 1, "minor": 0}, "interfaces": ["i"], "isolation": ["jail"]}"#,
                    "isolation: expected in_process or process, found \"jail\""
                ),
                (
                    #"{"format": "1.0", "id": "a", "version": "1", "library": "x", "abi": {"major": 1, "minor": 0}, "interfaces": ["i"], "config_schema": {"type": "object", "$ref": "x"}}"#,
                    "config_schema: "
                ),
            ])
        func malformed(_ text: String, _ expected: String) throws {
            let folder = try TemporaryFolder()
            try DriverBuild.install("good", in: folder)
            try folder.write("driver.json", text)
            #expect { try Manifest.all(inFolder: folder.path) } throws: { "\($0)".contains(expected) }
        }

        @Test("two manifests with one id are an error that names both")
        func twice() throws {
            let folder = try TemporaryFolder()
            try DriverBuild.install("good", in: folder)
            try folder.write("another.json", folder.text("driver.json"))
            try run("/bin/cp", ["\(folder.path)/libdriver.so", "\(folder.path)/another.so"])
            let error = try refusal { try Manifest.all(inFolder: folder.path) }
            #expect(error.message.contains("another.json") && error.message.contains("driver.json"))
        }

        @Test("other JSON files in the folder are no manifests")
        func otherFiles() throws {
            let folder = try TemporaryFolder()
            try DriverBuild.install("good", in: folder)
            try folder.write("notes.json", "[1, 2]")
            try folder.write("broken.json", "{")
            #expect(try Manifest.all(inFolder: folder.path).map(\.id) == ["dev.pintle.test"])
        }

        @Test("a field of a newer manifest warns")
        func newerManifest() throws {
            let driver = try DriverUnderTest("good") {
                $0["format"] = "1.7"
                $0["mood"] = "good"
            }
            #expect(driver.plugin.manifest.warnings.count == 1)
            #expect(driver.plugin.manifest.warnings.first?.contains("\"mood\"") == true)
        }
    }
}
