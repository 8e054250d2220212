import CPintleABI
import PintleInterfaces
import PintleLedger
import Testing

@testable import PintleHost

extension HostSuite {
    /// What a network driver has to do whoever wrote it, tried on both templates.
    @Suite("The null driver in C and in Swift")
    struct NullDrivers {
        @Test("attach, check and detach may be repeated", arguments: DriverBuild.nullDrivers)
        func life(_ name: String) async throws {
            try await withNetwork(name) { network, ledger in
                let first = try await network.attach(attachRequest("a"))
                #expect(first.addresses.map(\.address) == ["192.0.2.1/32"])
                #expect(first.addresses.map(\.interface) == [1])
                #expect(first.interfaces.map(\.name) == ["eth0"])
                #expect(first.interfaces.map(\.sandbox) == [true])
                #expect(try await network.attach(attachRequest("a")) == first)
                #expect(try ledger.list(driver: network.instance.driver, kind: "attachment").map(\.key) == ["a"])
                var check = NetworkCheckRequest()
                check.attachmentId = "a"
                try await network.check(check)
                try await network.detach(detachRequest("a"))
                try await network.detach(detachRequest("a"))
                #expect(try await failure { try await network.check(check) }.code == .notFound)
                #expect(try ledger.contents().isEmpty)
            }
        }

        @Test("an attachment of another sandbox is a conflict and stays", arguments: DriverBuild.nullDrivers)
        func conflict(_ name: String) async throws {
            try await withNetwork(name) { network, ledger in
                _ = try await network.attach(attachRequest("a", sandbox: "one"))
                let error = try await failure { try await network.attach(attachRequest("a", sandbox: "two")) }
                #expect(error.code == .conflict)
                #expect(try ledger.list(driver: network.instance.driver, kind: "attachment").map(\.owner) == ["one"])
                try await network.detach(detachRequest("a"))
            }
        }

        @Test("garbage collection takes what is not valid and says so", arguments: DriverBuild.nullDrivers)
        func collect(_ name: String) async throws {
            try await withNetwork(name) { network, ledger in
                for index in 0..<50 { _ = try await network.attach(attachRequest("id-\(index)")) }
                var request = NetworkGcRequest()
                request.valid = [7, 11].map {
                    var ref = NetworkAttachmentRef()
                    ref.attachmentId = "id-\($0)"
                    return ref
                }
                let gone = try await network.gc(request)
                #expect(
                    Set(gone.map(\.attachmentId)) == Set((0..<50).filter { $0 != 7 && $0 != 11 }.map { "id-\($0)" }))
                #expect(gone.allSatisfy { $0.kind == "attachment" })
                #expect(try ledger.list(driver: network.instance.driver).map(\.key) == ["id-11", "id-7"])
                #expect(try await network.gc(request) == [])
            }
        }

        @Test("status and version answer", arguments: DriverBuild.nullDrivers)
        func answers(_ name: String) async throws {
            try await withNetwork(name) { network, _ in
                #expect(try await network.status().ready)
                let version = try await network.version()
                #expect(version.name == "null")
                #expect(version.protocols == ["1.1.0"])
                #expect(network.instance.capabilities == [])
            }
        }

        @Test("attachments without a name are refused", arguments: DriverBuild.nullDrivers)
        func nameless(_ name: String) async throws {
            try await withNetwork(name) { network, _ in
                let error = try await failure { try await network.attach(attachRequest("")) }
                #expect(error.code == .invalid)
            }
        }

        @Test("handles after close and random handles name nothing", arguments: DriverBuild.nullDrivers)
        func handles(_ name: String) async throws {
            let driver = try DriverUnderTest(anywhere: name)
            let first = try driver.network()
            let stale = first.instance.handle
            first.instance.close()
            #expect(try await failure { try await first.version() }.code == .notFound)
            let second = try driver.network()
            #expect(second.instance.handle != stale)
            #expect(try await second.version().name == "null")
            for handle in [0, stale, second.instance.handle &+ 1, second.instance.handle ^ 0x8000_0000_0000_0000, .max]
            {
                #expect(Self.version(second.instance, handle) == PINTLE_NOT_FOUND)
                #expect(Self.close(driver.plugin, handle) == PINTLE_NOT_FOUND)
            }
            #expect(try await second.version().name == "null")
        }

        @Test(
            "a request of a newer host is taken when its further fields are zero, else refused",
            arguments: DriverBuild.nullDrivers)
        func tails(_ name: String) async throws {
            let driver = try DriverUnderTest(anywhere: name)
            let network = try driver.network()
            #expect(Self.longDetach(network.instance, tail: 0) == PINTLE_UNAVAILABLE, "there is no ledger")
            #expect(Self.longDetach(network.instance, tail: 1) == PINTLE_UNSUPPORTED)
        }

        @Test("no call changes the process", arguments: DriverBuild.nullDrivers)
        func process(_ name: String) async throws {
            let network = try DriverUnderTest(anywhere: name).network()
            try? network.detachNow(detachRequest(), deadline: 0)
            let before = try ProcessState.now()
            for _ in 0..<10 {
                try? network.detachNow(detachRequest(), deadline: 0)
                _ = try network.versionNow(deadline: 0)
            }
            #expect(try before.changes(to: .now()) == [])
        }

        @Test("many calls at once", arguments: DriverBuild.nullDrivers)
        func many(_ name: String) async throws {
            try await withNetwork(name) { network, ledger in
                try await withThrowingTaskGroup { group in
                    for index in 0..<200 {
                        group.addTask {
                            _ = try await network.attach(attachRequest("\(index)"))
                            _ = try await network.version()
                            try await network.detach(detachRequest("\(index)"))
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(try ledger.contents().isEmpty)
            }
        }

        private func withNetwork(_ name: String, _ body: (NetworkInstance, Ledger) async throws -> Void) async throws {
            let folder = try TemporaryFolder()
            let ledger = try Ledger(directory: folder.path)
            defer { ledger.close() }
            let network = try DriverUnderTest(anywhere: name).network(ledger: ledger)
            try await body(network, ledger)
            network.instance.close()
        }

        private static func version(_ instance: DriverInstance, _ handle: UInt64) -> Int32 {
            CallFrame.withFrame(quick: false) { frame in
                var request = pintle_nothing(size: 8, reserved0: 0)
                var sink = pintle_network_network_version_sink()
                sink.put = { _, _ in 0 }
                return instance.table(as: pintle_network.self).pointee.version?(handle, frame.raw, &request, &sink)
                    ?? -1
            }
        }

        private static func close(_ plugin: LoadedPlugin, _ handle: UInt64) -> Int32 {
            CallFrame.withFrame(quick: false) { frame in plugin.descriptor.close?(handle, frame.raw) ?? -1 }
        }

        private static func longDetach(_ instance: DriverInstance, tail: UInt8) -> Int32 {
            CallFrame.withFrame(quick: false) { frame in
                let size = MemoryLayout<pintle_network_detach_request>.size
                let memory = UnsafeMutableRawPointer.allocate(byteCount: size + 64, alignment: 8)
                defer { memory.deallocate() }
                memory.initializeMemory(as: UInt8.self, repeating: 0, count: size + 64)
                let request = memory.bindMemory(to: pintle_network_detach_request.self, capacity: 1)
                request.pointee = detachRequest("a").lower(into: frame.arena)
                request.pointee.size = UInt32(size + 64)
                memory.storeBytes(of: tail, toByteOffset: size + 40, as: UInt8.self)
                var sink = pintle_nothing_sink()
                return instance.table(as: pintle_network.self).pointee.detach?(
                    instance.handle, frame.raw, request, &sink) ?? -1
            }
        }
    }
}
