import PintleNodePolicy
import PintleObjects
import Synchronization
import Testing

@testable import PintleNode

@Suite("Eviction")
struct EvictionTests {
    @Test("a hard threshold is due at once, a soft one after its grace period; the condition stays for a while")
    func thresholds() {
        var policy = NodePolicy()
        policy.evictionHard = [EvictionThreshold(.memoryAvailable, .absolute(100))]
        policy.evictionSoft = [EvictionThreshold(.nodefsAvailable, .share(0.2), gracePeriod: 60)]
        var plan = EvictionPlan(policy)
        func judge(_ memory: Int64, _ disk: Int64, _ now: Double) -> EvictionPlan.Verdict {
            plan.judge(
                [
                    .memoryAvailable: Observation(available: memory, capacity: 1000),
                    .nodefsAvailable: Observation(available: disk, capacity: 1000),
                ], now: now)
        }
        #expect(judge(100, 200, 0) == EvictionPlan.Verdict())
        #expect(judge(99, 200, 10) == .init(pressures: [.memory], due: policy.evictionHard))
        #expect(judge(500, 199, 20) == .init(pressures: [.memory, .disk], due: []))
        #expect(plan.nextDue(now: 20) == 60)
        #expect(judge(500, 199, 80).due == policy.evictionSoft)
        #expect(judge(99, 199, 81).due == policy.evictionHard + policy.evictionSoft)
        #expect(judge(500, 500, 300).pressures == [.memory, .disk])
        #expect(judge(500, 500, 381) == EvictionPlan.Verdict())
    }

    @Test("once passed, a threshold holds until the minimum has been won back")
    func reclaim() {
        var policy = NodePolicy()
        policy.evictionHard = [EvictionThreshold(.pidAvailable, .absolute(10), minimumReclaim: .absolute(5))]
        var plan = EvictionPlan(policy)
        func due(_ pids: Int64) -> Bool {
            !plan.judge([.pidAvailable: Observation(available: pids, capacity: 100)], now: 0).due.isEmpty
        }
        #expect([12, 9, 12, 14, 15, 12].map { due($0) } == [false, true, true, true, false, false])
    }

    @Test("who is above its request goes first, then by priority, then by how far above")
    func ranking() {
        let candidates = [
            Self.candidate("within", memory: 90, request: 100), Self.candidate("above", memory: 150, request: 100),
            Self.candidate("far", memory: 400, request: 100),
            Self.candidate("important", memory: 900, request: 100, priority: 1000),
            Self.candidate("critical", memory: 9000, request: 0, priority: 2_000_000_000),
            Self.candidate("low", memory: 10, request: 100, priority: -1),
        ]
        let order = EvictionRank.order(candidates, for: .memoryAvailable).map { $0.pod["metadata"]["name"].string }
        #expect(order == ["far", "above", "important", "low", "within"])
    }

    @Test("the message says which resource, how much was left and who used more than it asked for")
    func message() {
        let candidate = Self.candidate("p", memory: 3 << 20, request: 1 << 20)
        let text = EvictionMessage.make(
            candidate, EvictionThreshold(.memoryAvailable, .absolute(100 << 20)),
            Observation(available: 50 << 20, capacity: 1 << 30))
        #expect(
            text
                == "The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. Container c was using 3Mi, request is 1Mi, has larger consumption of memory. "
        )
    }

    @Test(
        "what a pod may write has limits: of a volume, of a container, of the pod",
        arguments: [
            (PodUsage(volumes: ["v": 2 << 20]), "Usage of EmptyDir volume \"v\" exceeds the limit \"1Mi\". "),
            (
                PodUsage(disk: ["c": 3 << 20]),
                "Pod ephemeral local storage usage exceeds the total limit of containers 2Mi. "
            ),
            (
                PodUsage(disk: ["c": 2 << 20], volumes: ["v": 1 << 20, "w": 1]),
                "Pod ephemeral local storage usage exceeds the total limit of containers 2Mi. "
            ),
            (PodUsage(disk: ["c": 1 << 20], volumes: ["v": 1 << 20]), nil),
        ] as [(PodUsage, String?)])
    func limits(_ usage: PodUsage, _ expected: String?) {
        #expect(LocalStorageLimits.excess(Self.limited, usage) == expected)
    }

    @Test("a container over its own limit is named when the pod's sum is not exceeded")
    func containerLimit() {
        var pod = Self.limited
        pod["spec"]["containers"].updateArray {
            $0.append(["name": "d", "resources": ["limits": ["ephemeral-storage": "10Mi"]]])
        }
        #expect(
            LocalStorageLimits.excess(pod, PodUsage(disk: ["c": 3 << 20]))
                == "Container c exceeded its local ephemeral storage limit \"2Mi\". ")
    }

    @Test("under memory pressure one pod after the other goes until there is enough")
    func evicts() async {
        let stage = Stage(memory: 50)
        var policy = NodePolicy()
        policy.evictionHard = [EvictionThreshold(.memoryAvailable, .absolute(100 << 20))]
        let node = AdmissionTests.node()
        let manager = EvictionManager(policy: policy, meter: stage, node: node, target: stage)
        #expect(await manager.check(now: 0))
        #expect(node.facts.pressures == [.memory])
        #expect(stage.evicted == ["b"])
        #expect(await manager.check(now: 1))
        #expect(stage.evicted == ["b", "a"])
        #expect(await manager.check(now: 2) == false)
        #expect(node.facts.pressures == [.memory])
        #expect(await manager.check(now: 400) == false)
        #expect(node.facts.pressures.isEmpty)
    }

    @Test("disk that can be freed without ending a pod is freed first")
    func reclaimsDisk() async {
        let stage = Stage(memory: 500, disk: 5)
        let manager = EvictionManager(
            policy: NodePolicy(), meter: stage, node: AdmissionTests.node(), target: stage)
        #expect(await manager.check(now: 0) == false)
        #expect(stage.evicted.isEmpty)
    }

    // MARK: Makers

    static let limited: JSON = [
        "metadata": ["name": "p", "uid": "u"],
        "spec": [
            "containers": [["name": "c", "resources": ["limits": ["ephemeral-storage": "2Mi"]]]],
            "volumes": [["name": "v", "emptyDir": ["sizeLimit": "1Mi"]], ["name": "w", "emptyDir": [:]]],
        ],
    ]

    static func candidate(_ name: String, memory: Int64, request: Int64, priority: Int64 = 0) -> EvictionCandidate {
        var pod = AdmissionTests.pod(name, requests: ["memory": Quantity(request, format: .binary).text])
        pod["spec"]["priority"] = .integer(priority)
        return EvictionCandidate(pod: pod, usage: PodUsage(memory: ["c": memory]))
    }

    /// A node with three pods, each of which uses 40 MiB of memory; `b` has the lowest priority.
    final class Stage: NodeMeter, EvictionTarget {
        private let state: Mutex<(memory: Int64, disk: Int64, evicted: [String])>

        init(memory: Int64, disk: Int64 = 50) { state = Mutex((memory, disk, [])) }

        var evicted: [String] { state.withLock { $0.evicted } }

        func observe() async -> [EvictionThreshold.Signal: Observation] {
            state.withLock { state in
                [
                    .memoryAvailable: Observation(available: state.memory << 20, capacity: 1000 << 20),
                    .nodefsAvailable: Observation(available: state.disk, capacity: 100),
                ]
            }
        }

        func usage(_ pod: JSON, disk: Bool) async -> PodUsage? { PodUsage(memory: ["c": 40]) }

        func candidates() async -> [JSON] {
            ["a", "b", "c"].filter { !evicted.contains($0) }.map { name in
                var pod = AdmissionTests.pod(name)
                pod["spec"]["priority"] = .integer(name == "b" ? -1 : name == "c" ? 1 : 0)
                return pod
            }
        }

        func evict(_ pod: JSON, message: String, grace: Int64) async {
            state.withLock { state in
                state.evicted.append(pod["metadata"]["name"].string ?? "")
                state.memory += 40
            }
        }

        func reclaimDisk() async -> Bool {
            state.withLock { $0.disk = 50 }
            return true
        }

        func attempting(_ resource: String) {}
    }
}
