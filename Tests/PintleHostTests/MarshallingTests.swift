import CPintleFields
import PintleInterfaces
import PintleObjects
import Testing

@testable import PintleHost

extension HostSuite {
    @Suite("Structs, their C form and their JSON")
    struct Marshalling {
        @Test("every struct of the field tables has a Swift type, and every type a table")
        func complete() {
            let tables = (1..<Int(pintle_struct_count)).compactMap {
                FieldTable.entry($0).map { FieldTable.name($0.name) }
            }
            #expect(Set(tables) == Set(AllStructs.types.map { $0.structName }).subtracting(["pintle_nothing"]))
            #expect(tables.count == Set(tables).count)
        }

        @Test("random values of every struct survive JSON, C and Swift")
        func roundTrip() throws {
            var random = RandomJSON(generator: .printed("struct round trip"))
            for type in AllStructs.types where type.structName != "pintle_nothing" {
                for _ in 0..<50 { try check(type, &random) }
            }
        }

        private func check<S: ABIStruct>(_ type: S.Type, _ random: inout RandomJSON) throws {
            let index = try #require(FieldTable.index(of: type.structName))
            let json = random.value(index)
            let arena = ABIArena()
            // JSON → C → JSON
            let memory = try FieldJSON.encode(json, index, path: "", into: arena)
            #expect(try FieldJSON.decode(memory, index, secrets: true) == json, "\(type.structName)")
            // C → Swift → C → JSON
            let value = try S.read(UnsafePointer(memory.assumingMemoryBound(to: S.C.self)), strict: true)
            let lowered = arena.place(value)
            #expect(try FieldJSON.decode(UnsafeRawPointer(lowered), index, secrets: true) == json, "\(type.structName)")
            // Swift → C → Swift
            let again = try S.read(lowered, strict: true)
            let (first, second) = try (#require(value as? any Hashable), #require(again as? any Hashable))
            #expect(AnyHashable(first) == AnyHashable(second), "\(type.structName)")
        }

        @Test("an empty struct is empty in every form")
        func empty() throws {
            for type in AllStructs.types where type.structName != "pintle_nothing" {
                let index = try #require(FieldTable.index(of: type.structName))
                let arena = ABIArena()
                let json = try FieldJSON.decode(FieldJSON.encode([:], index, path: "", into: arena), index)
                #expect(
                    json.object?.members.allSatisfy { $0.value.string != nil } == true, "only enumerations: \(json)")
            }
        }

        @Test("secrets are not shown unless asked for")
        func secrets() throws {
            let index = try #require(FieldTable.index(of: "pintle_runtime_env_var"))
            let arena = ABIArena()
            let memory = try FieldJSON.encode(["name": "TOKEN", "value": "hunter2"], index, path: "", into: arena)
            #expect(try FieldJSON.decode(memory, index) == ["name": "TOKEN", "value": "<secret>"])
            #expect(try FieldJSON.decode(memory, index, secrets: true) == ["name": "TOKEN", "value": "hunter2"])
        }

        @Test(
            "wrong JSON is refused with the field's path",
            arguments: [
                (#"{"nonsense": 1}"#, "nonsense: unknown field; this struct has attachment_id, sandbox_id"),
                (#"{"attachment_id": 5}"#, "attachment_id: expected a text, found 5"),
                (
                    #"{"port_mappings": [{"container_port": "http"}]}"#,
                    "port_mappings[0].container_port: expected a 32-bit number"
                ),
                (
                    #"{"port_mappings": [{"container_port": 80}, {"container_port": 4294967296}]}"#,
                    "port_mappings[1].container_port: expected a 32-bit number"
                ),
                (
                    #"{"bandwidth": {"ingress_rate_bits": -1}}"#,
                    "bandwidth.ingress_rate_bits: expected a whole number that is not negative"
                ),
                (
                    #"{"previous": {"interfaces": [{"sandbox": 1}]}}"#,
                    "previous.interfaces[0].sandbox: expected true or false"
                ),
                (#"{"annotations": {"a": 1}}"#, "annotations.a: expected a text"),
                (#"{"ips": "10.0.0.1"}"#, "ips: expected a list"),
                (#"[]"#, "expected an object, found []"),
            ])
        func wrong(_ text: String, _ expected: String) throws {
            let index = try #require(FieldTable.index(of: "pintle_network_attach_request"))
            let json = try JSON(parsing: Array(text.utf8))
            #expect { try FieldJSON.encode(json, index, path: "", into: ABIArena()) } throws: {
                "\($0)".contains(expected)
            }
        }

        @Test("an unknown name of an enumeration is refused with the known ones")
        func enumeration() throws {
            let index = try #require(FieldTable.index(of: "pintle_runtime_port_mapping"))
            #expect { try FieldJSON.encode(["protocol": "ip"], index, path: "", into: ABIArena()) } throws: {
                "\($0)".contains("protocol: expected one of tcp, udp, sctp")
            }
        }

        @Test("a struct of an older peer reads as zero where it ends, one of a newer peer as far as we know it")
        func lengths() throws {
            let arena = ABIArena()
            var status = NetworkStatus()
            status.ready = true
            status.addressesFree = 7
            let memory = UnsafeMutableRawPointer(mutating: UnsafeRawPointer(arena.place(status)))
            let long = arena.allocate(200)
            long.initializeMemory(as: UInt8.self, repeating: 1, count: 200)
            long.copyMemory(from: memory, byteCount: MemoryLayout<NetworkStatus.C>.size)
            long.storeBytes(of: 200, as: UInt32.self)
            let place = UnsafePointer(long.assumingMemoryBound(to: NetworkStatus.C.self))
            #expect(try NetworkStatus.read(place, strict: false) == status)
            #expect(throws: ABIError.self) { try NetworkStatus.read(place, strict: true) }
            long.storeBytes(of: UInt32(NetworkStatus.minimumSize - 1), as: UInt32.self)
            #expect(throws: ABIError.self) { try NetworkStatus.read(place, strict: false) }
        }

        @Test("an arena that is emptied gives the same memory again")
        func arena() {
            let arena = ABIArena()
            let first = arena.allocate(100)
            _ = arena.allocate(100_000)
            arena.reset()
            #expect(arena.allocate(100) == first)
            #expect(UInt(bitPattern: arena.allocate(1)) % 16 == 0)
        }
    }
}
