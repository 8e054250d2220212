import CPintleABI
import Glibc
import PintleInterfaces
import PintleObjects
import Synchronization
import Testing

@testable import PintleHost

extension HostSuite {
    @Suite("Versions")
    struct Versions {
        @Test("a driver whose table is shorter than ours loads, and what it lacks is not offered")
        func shortTable() async throws {
            let driver = try DriverUnderTest("short_table") { $0["interfaces"] = ["pintle.runtime/1"] }
            let instance = try driver.open("pintle.runtime/1")
            #expect(instance.function(33) != nil)
            #expect(instance.function(34) == nil)
            let error = try await failure { try await RuntimeInstance(instance).buildImage(RuntimeBuildImageRequest()) }
            #expect(error.code == .unsupported)
            #expect(error.message.contains("does not offer"))
        }

        @Test(
            "a newer driver steps down to what the host speaks",
            arguments: [0...0, 0...1, 0...3, 2...9] as [ClosedRange<UInt32>])
        func newer(_ range: ClosedRange<UInt32>) async throws {
            let driver = try DriverUnderTest("newer", range: range) {
                $0["abi"] = ["major": 1, "minor": 3, "min_host": ["major": 1, "minor": 0]]
                $0["interfaces"] = ["pintle.network/1", "pintle.admission/1"]
            }
            #expect(driver.plugin.minor == min(3, range.upperBound))
            // Its longer results are read as far as we know them; its further interface and operations are nobody's.
            #expect(try await driver.network().version().name == "newer")
            #expect(driver.plugin.offers.map(\.id) == ["pintle.network/1"])
        }

        @Test("a newer driver refuses a host that it can't work with")
        func tooNew() throws {
            let error = try refusal {
                try DriverUnderTest("newer", range: 4...9) {
                    $0["interfaces"] = ["pintle.network/1", "pintle.admission/1"]
                }
            }
            #expect(error.message.contains("min_minor: expected 3 or less, found more"))
        }

        @Test(
            "the entry function answers the same from 8 threads, 1,000 times each",
            arguments: DriverBuild.nullDrivers + ["good"])
        func entry(_ name: String) throws {
            let driver = try DriverUnderTest(anywhere: name)
            let answers = Mutex<Set<UInt>>([])
            let entry = driver.plugin.entry
            onThreads(8) {
                var own = Set<UInt>()
                for _ in 0..<1000 {
                    var range = pintle_range(
                        size: UInt32(MemoryLayout<pintle_range>.size), min_minor: 0, max_minor: 0, reserved0: 0)
                    var refusal = pintle_refusal()
                    refusal.size = UInt32(MemoryLayout<pintle_refusal>.size)
                    own.insert(UInt(bitPattern: entry(&range, &refusal)))
                }
                answers.withLock { $0.formUnion(own) }
            }
            #expect(answers.withLock { $0.count } == 1)
            let address = try #require(answers.withLock { $0.first })
            #expect(UnsafePointer<pintle_plugin>(bitPattern: address)?.pointee.abi_minor == 0)
        }

        @Test("loading, opening, closing and casting go on together")
        func casts() async throws {
            for _ in 0..<20 {
                let driver = try DriverUnderTest(anywhere: "NullNetwork")
                let network = try driver.network()
                _ = try await network.version()
                network.instance.close()
                let value: any Sendable = ["a": [1, 2, 3]] as [String: [Int]]
                #expect((value as? [String: [Int]])?["a"]?.count == 3)
                #expect((value as? any Hashable) != nil)
                #expect((driver.sink as any DriverSink) is RecordingSink)
            }
        }
    }
}

/// Runs `body` on some threads of their own and waits for all of them.
func onThreads(_ count: Int, _ body: @escaping @Sendable () -> Void) {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var threads: [pthread_t] = []
    for _ in 0..<count {
        var thread = pthread_t()
        let box = Unmanaged.passRetained(Box(body)).toOpaque()
        pthread_create(
            &thread, nil,
            { box in
                guard let box else { return nil }
                Unmanaged<Box>.fromOpaque(box).takeRetainedValue().body()
                return nil
            }, box)
        threads.append(thread)
    }
    for thread in threads { pthread_join(thread, nil) }
}
