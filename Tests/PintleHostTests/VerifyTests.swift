import Glibc
import PintleInterfaces
import PintleObjects
import Testing

@testable import PintleHost

extension HostSuite {
    @Suite("pintle plugin verify")
    struct Verify {
        /// The other half of each test here: in a child it loads the driver and ends the process.
        ///
        /// See ``Child``.
        @Test("the child of a verification")
        func child() throws {
            guard let path = getenv("PINTLE_VERIFY_CHILD") else {
                let folder = try TemporaryFolder()
                try DriverBuild.install("good", in: folder)
                #expect(try Child().verify(folder).isGood)
                return
            }
            exit(PluginTools.verifyChild(String(cString: path), output: 9))
        }

        @Test("a good driver is described", arguments: DriverBuild.nullDrivers + ["good", "prints_on_load"])
        func good(_ name: String) throws {
            let folder = try TemporaryFolder()
            if DriverBuild.nullDrivers.contains(name) {
                try DriverBuild.install(template: name, in: folder)
            } else {
                try DriverBuild.install(name, in: folder)
            }
            let found = try Child().verify(folder)
            #expect(found.problems == [])
            #expect(found.report["exports"] == ["pintle_plugin_entry_1"])
            #expect(found.report["descriptor"]["interfaces"][0]["id"].string == "pintle.network/1")
            #expect(
                found.report["descriptor"]["interfaces"][0]["operations"]
                    == ["attach", "detach", "check", "status", "gc", "version"])
            #expect(found.report["library_sha256"].string?.count == 64)
        }

        @Test(
            "a driver that takes its process with it is found out",
            arguments: [
                ("traps_on_load", "it crashed the process that loaded it: SIGILL"),
                ("crashes_on_entry", "it crashed the process that loaded it: SIGSEGV"),
                ("exits_on_load", "ended before it had an answer"),
                ("hangs_on_load", "it did not finish loading within 2.0 seconds"),
            ])
        func fatal(_ name: String, _ expected: String) throws {
            let folder = try TemporaryFolder()
            try DriverBuild.install(name, in: folder)
            let found = try Child().verify(folder, limit: .seconds(2))
            #expect(found.problems.count == 1 && found.problems.first?.contains(expected) == true, "\(found.problems)")
        }

        @Test(
            "whatever the host would refuse is refused",
            arguments: ["wrong_id", "null_operation", "descriptor_size_3", "entry_changes"])
        func refused(_ name: String) throws {
            let folder = try TemporaryFolder()
            try DriverBuild.install(name, in: folder)
            let found = try Child().verify(folder)
            #expect(found.problems.count == 1, "\(found.problems)")
        }

        @Test("a library that exports more is refused before it is loaded")
        func exports() throws {
            let folder = try TemporaryFolder()
            try DriverBuild.install("exports_more", in: folder, exportsAll: true)
            let found = try Child().verify(folder)
            #expect(found.problems.first?.contains("other symbols, such as") == true)
            #expect(found.report["descriptor"].isNull)
        }

        @Test("a missing program is an error")
        func noProgram() throws {
            let error = try refusal { try PluginTools.verify("x", executable: "/nowhere/pintle") }
            #expect(error.code == .unavailable)
        }
    }
}

/// This test program as `EXECUTABLE plugin verify-child PATH`: a script that starts it with the one test that is the child.
private final class Child {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.write(
            "pintle",
            """
            #!/bin/sh
            export PINTLE_VERIFY_CHILD="$3"
            exec 9>&1 >/dev/null
            exec "\(run("/bin/readlink", ["-f", "/proc/\(getpid())/exe"]).split(separator: "\n")[0])" \\
                --testing-library swift-testing --filter 'Verify/child'

            """, mode: 0o755)
    }

    func verify(_ driver: TemporaryFolder, limit: Duration = .seconds(20)) throws -> PluginTools.Verification {
        try PluginTools.verify(
            "\(driver.path)/libdriver.so".existing ?? "\(driver.path)/driver.json", executable: "\(folder.path)/pintle",
            limit: limit)
    }
}

extension String {
    fileprivate var existing: String? { access(self, F_OK) == 0 ? self : nil }
}
