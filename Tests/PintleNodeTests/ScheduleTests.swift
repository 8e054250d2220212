import Glibc
import PintleClient
import PintleInterfaces
import PintleObjects
import Synchronization
import Testing

@testable import PintleNode

@Suite("Random schedules of events")
struct ScheduleTests {
    @Test("whatever happens in whatever order: one container of a name, the restart policy, nothing left, no way back")
    func schedules() async throws {
        let given = getenv("PINTLE_TEST_SEED").flatMap { UInt64(String(cString: $0)) }
        let seed = given ?? UInt64.random(in: 0...UInt64.max)
        let count = getenv("PINTLE_SCHEDULES").flatMap { Int(String(cString: $0)) } ?? 1000
        print("PINTLE_TEST_SEED=\(seed) (\(count) schedules)")
        var template = Array("/tmp/pintle-schedules-XXXXXX\0".utf8CString.dropLast())
        _ = mkdtemp(&template)
        let directory = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { Self.remove(directory) }
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<count {
                if number >= 16 { await group.next() }
                group.addTask {
                    let schedule = Schedule(seed: seed &+ UInt64(number), directory: "\(directory)/\(number)")
                    for complaint in await schedule.run() {
                        Issue.record("schedule \(number) of PINTLE_TEST_SEED=\(seed): \(complaint)")
                    }
                }
            }
        }
    }

    private static func remove(_ path: String) {
        for name in PodLogFolder.names(path) {
            if unlink("\(path)/\(name)") != 0 { remove("\(path)/\(name)") }
        }
        rmdir(path)
    }
}

/// One node with a few pods to which things happen.
private final class Schedule: Sendable {
    private let seed: UInt64
    private let directory: String
    private let runtime: SimulatedRuntime
    private let storage = SimulatedStorage()
    private let api = MemoryClient()
    /// The last phase of each pod, by uid, and what was wrong with the order of phases.
    private let phases = Mutex<(last: [String: String], complaints: [String])>(([:], []))

    init(seed: UInt64, directory: String) {
        self.seed = seed
        self.directory = directory
        runtime = SimulatedRuntime(seed: seed, failures: seed % 3 == 0 ? 100 : 0)
        mkdir(directory, 0o700)
        mkdir("\(directory)/pods", 0o700)
    }

    /// - Returns: What was wrong.
    func run() async -> [String] {
        let observer = Task { await self.observePhases() }
        var random = SplitMix(seed &+ 1)
        var agent = start()
        for number in 0..<3 { await create(number, &random) }
        for _ in 0..<20 {
            for _ in 0..<(random.next() % 30) { await Task.yield() }
            switch random.next() % 8 {
            case 0, 1: runtime.endOne(code: 0)
            case 2, 3: runtime.endOne(code: 1)
            case 4: runtime.killSandbox()
            case 5: runtime.loseEvents()
            case 6: await delete(Int(random.next() % 3), grace: Int(random.next() % 2))
            default:
                agent.cancel()
                await agent.value
                agent = start()
            }
        }
        runtime.behave()
        if seed % 3 == 0 {
            // A failed call is repeated after ten seconds; a new agent does it at once.
            agent.cancel()
            await agent.value
            agent = start()
        }
        let left = await end()
        agent.cancel()
        await agent.value
        observer.cancel()
        return runtime.complaints + phases.withLock { $0.complaints } + left
    }

    private func start() -> Task<Void, Never> {
        let settings = NodeSettings(
            name: "n", instanceID: "00000000", dataDirectory: directory, logDirectory: "\(directory)/log",
            cgroupParent: "/none", podRanges: [], maxPods: 110, logMaxBytes: 0, logMaxFiles: 2, version: "v0")
        let agent = NodeAgent(
            settings: settings, client: api, runtime: runtime, networks: [SimulatedNetwork()], storage: storage,
            log: { _ in })
        return Task { await agent.run() }
    }

    private func create(_ number: Int, _ random: inout SplitMix) async {
        let policy = ["Always", "OnFailure", "Never"][Int(random.next() % 3)]
        let uid = "pod-\(number)"
        runtime.expect(policy, of: uid)
        let pod: JSON = [
            "apiVersion": "v1", "kind": "Pod",
            "metadata": ["name": .string("p\(number)"), "namespace": "default", "uid": .string(uid), "generation": 1],
            "spec": [
                "nodeName": "n", "restartPolicy": .string(policy), "terminationGracePeriodSeconds": 1,
                "containers": [
                    ["name": "a", "image": "i", "imagePullPolicy": "IfNotPresent"],
                    ["name": "b", "image": "i", "imagePullPolicy": "IfNotPresent"],
                ],
                "volumes": [["name": "v", "emptyDir": [:]]],
            ],
            "status": ["phase": "Pending", "qosClass": "BestEffort"],
        ]
        _ = try? await api.create(.pods, namespace: "default", pod)
    }

    private func delete(_ number: Int, grace: Int) async {
        try? await api.delete(.pods, namespace: "default", name: "p\(number)", gracePeriodSeconds: grace, uid: nil)
    }

    /// Deletes everything and waits until nothing is left, for at most a minute.
    private func end() async -> [String] {
        for number in 0..<3 { await delete(number, grace: 1) }
        for _ in 0..<6000 {
            if await left().isEmpty { return [] }
            try? await Task.sleep(for: .milliseconds(10))
        }
        return await left()
    }

    private func left() async -> [String] {
        let (sandboxes, containers) = runtime.state.withLock { ($0.sandboxes.count, $0.containers.count) }
        let pods = (try? await api.list(.pods))?.count ?? 0
        let all = [("pods", pods), ("sandboxes", sandboxes), ("containers", containers), ("volumes", storage.count)]
        return all.filter { $0.1 > 0 }.map { "\($0.1) \($0.0) are left" }
    }

    private func observePhases() async {
        for await event in api.watch(.pods, namespace: nil, fieldSelector: nil) {
            guard case .modified(let pod) = event else { continue }
            let (uid, phase) = (pod["metadata"]["uid"].string ?? "", pod["status"]["phase"].string ?? "")
            phases.withLock { phases in
                let before = phases.last.updateValue(phase, forKey: uid)
                if let before, ["Succeeded", "Failed"].contains(before), before != phase {
                    phases.complaints.append("\(uid) went from \(before) to \(phase)")
                }
            }
        }
    }
}
