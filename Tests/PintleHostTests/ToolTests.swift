import Glibc
import PintleInterfaces
import PintleObjects
import Testing

@testable import PintleHost

extension HostSuite {
    @Suite("pintle plugin: list, inspect, stamp, call")
    struct Tools {
        @Test("list shows drivers and what is wrong with them, and opens no library")
        func list() throws {
            let good = try TemporaryFolder()
            try DriverBuild.install("good", in: good)
            let trap = try TemporaryFolder()
            try DriverBuild.install("traps_on_load", in: trap) { $0["id"] = "dev.pintle.trap" }
            let unstamped = try TemporaryFolder()
            try DriverBuild.install("good", in: unstamped, stamped: false) { $0["id"] = "dev.pintle.raw" }
            let listings = PluginTools.list(folders: [good.path, trap.path, unstamped.path, "/nowhere"])
            #expect(listings.map { $0.manifest?.id } == ["dev.pintle.test", "dev.pintle.trap", "dev.pintle.raw", nil])
            #expect(listings[0].problem == "" && listings[1].problem == "")
            #expect(listings[0].path == "\(good.path)/driver.json")
            #expect(listings[2].problem.contains("has no sha256"))
            #expect(listings[3].problem.contains("No such file or directory"))
        }

        @Test("list names both manifests of one id and goes on after a broken one")
        func listProblems() throws {
            let folder = try TemporaryFolder()
            try DriverBuild.install("good", in: folder)
            try run("/bin/cp", ["\(folder.path)/libdriver.so", "\(folder.path)/another.so"])
            try folder.write("another.json", folder.text("driver.json"))
            try run("/bin/cp", ["\(folder.path)/libdriver.so", "\(folder.path)/broken.so"])
            try folder.write("broken.json", "{\"id\": 5")
            let listings = PluginTools.list(folders: [folder.path])
            #expect(listings.count == 3)
            #expect(listings[0].problem.contains("driver.json") && listings[2].problem.contains("another.json"))
            #expect(listings[1].manifest == nil && listings[1].problem.contains("line 1"))
        }

        @Test("inspect tells what manifest and file say without loading", arguments: ["driver.json", "libdriver.so"])
        func inspect(_ name: String) throws {
            let folder = try TemporaryFolder()
            try DriverBuild.install("traps_on_load", in: folder)
            let report = try PluginTools.inspect("\(folder.path)/\(name)")
            #expect(report["id"].string == "dev.pintle.test")
            #expect(report["exports"] == ["pintle_plugin_entry_1"])
            #expect(report["sha256"] == report["library_sha256"])
            #expect(report["swift"].string == "none")
            #expect(report["problems"] == [])
        }

        @Test("inspect finds further symbols and a wrong digest")
        func inspectProblems() throws {
            let folder = try TemporaryFolder()
            try DriverBuild.install("exports_more", in: folder, exportsAll: true)
            let problems = try PluginTools.inspect("\(folder.path)/libdriver.so")["problems"].array?.compactMap(
                \.string)
            #expect(problems?.count == 1)
            #expect(problems?.first?.contains("other symbols, such as") == true)
        }

        @Test("stamp writes three fields, keeps order and layout, and does nothing the second time")
        func stamp() throws {
            let folder = try TemporaryFolder()
            let text = """
                {
                  "format": "1.0",   "id": "dev.pintle.test",
                  "version": "1.0.0",
                  "library": "libdriver.so",
                  "abi": {"major": 1, "minor": 0, "note": "a, \\"b\\" }"},
                  "interfaces": [ "pintle.network/1" ],
                  "config_schema": {"type": "object", "properties": {"sha256": {"type": "string"}}}
                }

                """
            try DriverBuild.install(library: DriverBuild.library("Tests/Drivers/good.c"), manifest: text, in: folder)
            let stamped = try folder.text("driver.json")
            let digest = try run("/usr/bin/sha256sum", ["\(folder.path)/libdriver.so"]).prefix(64)
            #expect(
                stamped
                    == text.replacing(
                        "  \"library\": \"libdriver.so\",\n",
                        with:
                            "  \"library\": \"libdriver.so\",\n  \"sha256\": \"\(digest)\",\n  \"arch\": \"\(LoadedPlugin.arch)\",\n  \"swift_runtime\": \"none\",\n"
                    ))
            var before = stat()
            stat("\(folder.path)/driver.json", &before)
            try PluginTools.stamp("\(folder.path)/driver.json")
            var after = stat()
            stat("\(folder.path)/driver.json", &after)
            #expect(before.st_ino == after.st_ino)
            #expect(after.st_mode & 0o777 == 0o644)
        }

        @Test("stamp replaces what an earlier one wrote, also in a manifest on one line")
        func restamp() throws {
            let folder = try TemporaryFolder()
            let text =
                #"{"format":"1.0","sha256" : "\#(String(repeating: "0", count: 64))","id":"dev.pintle.test","version":"1.0.0","library":"libdriver.so","abi":{"major":1,"minor":0},"interfaces":["pintle.network/1"],"isolation":["in_process"]}"#
            try DriverBuild.install(library: DriverBuild.library("Tests/Drivers/good.c"), manifest: text, in: folder)
            _ = try DriverUnderTest.load(folder)
            #expect(try folder.text("driver.json").hasPrefix(#"{"format":"1.0","sha256" : ""#))
        }

        @Test(
            "stamp finds the toolchain of a driver that shares the runtime, and the host takes it only when it is its own"
        )
        func swiftRuntime() throws {
            let folder = try TemporaryFolder()
            try DriverBuild.install(template: "NullNetwork", in: folder)
            var manifest = try JSON(parsing: folder.read("driver.json"))
            #expect(manifest["swift_runtime"].string == SwiftRuntime.ofHost)
            #expect(SwiftRuntime.ofHost?.hasPrefix("swiftlang ") == true)
            _ = try DriverUnderTest.load(folder)
            // A manifest that says otherwise is not believed.
            manifest["swift_runtime"] = "static"
            try folder.write("driver.json", manifest.prettyPrinted())
            #expect(
                try refusal { try DriverUnderTest.load(folder) }.message.contains("swift_runtime: expected swiftlang"))
        }

        @Test("a driver of another toolchain is refused in process")
        func otherToolchain() throws {
            let folder = try TemporaryFolder()
            try DriverBuild.install(template: "NullNetwork", in: folder)
            let own = try #require(SwiftRuntime.ofHost?.split(separator: " ").last.map(String.init))
            var bytes = try folder.read("libdriver.so")
            let other = Array(
                own.utf8.map {
                    $0 == UInt8(ascii: "a") ? UInt8(ascii: "b") : $0 == UInt8(ascii: "1") ? UInt8(ascii: "2") : $0
                })
            while let place = bytes.firstRange(of: Array(own.utf8)) { bytes.replaceSubrange(place, with: other) }
            let file = open("\(folder.path)/libdriver.so", O_WRONLY | O_TRUNC)
            _ = bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
            close(file)
            try PluginTools.stamp("\(folder.path)/libdriver.so")
            let error = try refusal { try DriverUnderTest.load(folder) }
            #expect(error.message.contains("shares the host's Swift runtime, but was built by swiftlang"), "\(error)")
            #expect(error.message.contains(own))
        }

        @Test("call turns JSON into a request and the result into JSON", arguments: DriverBuild.nullDrivers)
        func call(_ name: String) throws {
            let folder = try TemporaryFolder()
            try DriverBuild.install(template: name, in: folder)
            let path = "\(folder.path)/driver.json"
            let version = try PluginTools.call(path, operation: "network.version", json: "{}")
            #expect(version == ["name": "null", "version": "1.0.0", "protocols": ["1.1.0"]])
            let attached = try PluginTools.call(
                path, operation: "network.attach",
                json: #"{"attachment_id": "a", "sandbox_id": "s", "interface": "eth1"}"#)
            #expect(attached["interfaces"][0] == ["name": "eth1", "sandbox": true])
            #expect(try PluginTools.call(path, operation: "network.detach", json: #"{"attachment_id": "a"}"#) == [:])
            #expect(try PluginTools.call(path, operation: "network.gc", json: "{}") == [])
        }

        @Test(
            "call says what is wrong with its arguments",
            arguments: [
                ("network.version", "{", "the request: line 1"),
                ("network.nothing", "{}", "network has no operation nothing; it has attach"),
                ("attach", "{}", "expected runtime.OPERATION"), ("dns.attach", "{}", "expected runtime.OPERATION"),
                ("network.attach", #"{"mac": 7}"#, "mac: expected a text, found 7"),
                ("runtime.version", "{}", "it does not offer pintle.runtime/1"),
            ])
        func callErrors(_ operation: String, _ json: String, _ expected: String) throws {
            let folder = try TemporaryFolder()
            try DriverBuild.install(template: "NullNetworkC", in: folder)
            let error = try refusal {
                try PluginTools.call("\(folder.path)/driver.json", operation: operation, json: json)
            }
            #expect(error.message.contains(expected), "\(error)")
        }

        @Test("call reports the driver's failures and options that do not fit, and leaves nothing behind")
        func callFailures() throws {
            let folder = try TemporaryFolder()
            try DriverBuild.install("puts_and_fails", in: folder)
            let path = "\(folder.path)/libdriver.so"
            #expect(
                try refusal { try PluginTools.call(path, operation: "network.attach", json: "{}") }.reason
                    == "RangeUsedUp")
            #expect(
                try refusal {
                    try PluginTools.call(path, operation: "network.version", json: "{}", options: #"{"a": 1}"#)
                }.message
                    .contains("takes none"))
            #expect(try run("/bin/sh", ["-c", "ls -d /tmp/pintle-call-* 2>/dev/null | wc -l"]) == "0\n")
        }
    }
}
