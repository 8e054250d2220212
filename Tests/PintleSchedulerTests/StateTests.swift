import PintleClient
import PintleObjects
import Testing

@testable import PintleScheduler

@Suite("The scheduler's decisions")
struct StateTests {
    /// A state that knows these nodes and pods.
    private func state(_ nodes: [JSON], _ pods: [JSON] = []) -> SchedulerState {
        var state = SchedulerState()
        for node in nodes { state.handle(.node(NodeDescription(node)), now: 0) }
        for pod in pods { state.handle(.pod(description(pod)), now: 0) }
        state.handle(.nodesSynced, now: 0)
        state.handle(.podsSynced, now: 0)
        return state
    }

    /// What is done, as text.
    private func decide(_ state: inout SchedulerState, at now: Int64) -> [String] {
        state.decide(now: now).map { action in
            switch action {
            case .bind(let pod, let node): "\(pod.name.name) to \(node)"
            case .explain(let pod, _): "\(pod.name.name) waits"
            }
        }
    }

    @Test("nothing is decided before all nodes and pods are known")
    func waitsForAll() {
        var state = SchedulerState()
        state.handle(.node(NodeDescription(node("a"))), now: 0)
        state.handle(.pod(description(pod("p"))), now: 0)
        state.handle(.podsSynced, now: 0)
        #expect(decide(&state, at: 0) == [])
        state.handle(.nodesSynced, now: 0)
        #expect(decide(&state, at: 0) == ["p to a"])
    }

    @Test("pods are placed by priority, then in the order in which they came")
    func ordersPods() {
        var state = state([node("a")], [pod("p"), pod("q"), pod("r") { $0["spec"]["priority"] = 1000 }])
        #expect(decide(&state, at: 0) == ["r to a", "p to a", "q to a"])
    }

    @Test("a binding on its way counts as taken")
    func assumes() {
        var state = state([node("a")], [pod("p", cpu: "1500m"), pod("q", cpu: "1500m")])
        #expect(decide(&state, at: 0) == ["p to a", "q waits"])
    }

    @Test("a pod that found no node is tried again when one becomes free, not before its delay is over")
    func retriesLater() {
        var state = state([node("a")], [pod("p", cpu: "1500m"), pod("q", cpu: "1500m")])
        _ = decide(&state, at: 0)
        #expect(state.nextWake == nil)
        state.handle(.pod(description(pod("p", cpu: "1500m") { $0["spec"]["nodeName"] = "a" })), now: second / 10)
        state.handle(.podGone(name("p")), now: second / 2)
        #expect(decide(&state, at: second / 2) == [])
        #expect(state.nextWake == second)
        state.handle(.tick, now: second)
        #expect(decide(&state, at: second) == ["q to a"])
    }

    @Test("each vain try doubles the delay, up to ten seconds")
    func backsOff() {
        var state = state([node("a")], [pod("p", cpu: "9")])
        var now: Int64 = 0
        var delays: [Int64] = []
        for round in 0..<6 {
            #expect(decide(&state, at: now) == ["p waits"])
            let changed = node("a") { $0["metadata"]["labels"] = ["round": .string("\(round)")] }
            state.handle(.node(NodeDescription(changed)), now: now)
            let wake = state.nextWake ?? 0
            delays.append((wake - now) / second)
            now = wake
        }
        #expect(delays == [1, 2, 4, 8, 10, 10])
    }

    @Test("a node's heartbeat wakes nobody")
    func ignoresHeartbeats() {
        var state = state([node("a")], [pod("p", cpu: "9")])
        _ = decide(&state, at: 0)
        let beating = node("a") { node in
            node["status"]["conditions"] = [
                ["type": "Ready", "status": "True", "lastHeartbeatTime": "2026-01-01T00:00:00Z"]
            ]
        }
        state.handle(.node(NodeDescription(beating)), now: second)
        #expect(state.nextWake == nil)
        #expect(decide(&state, at: 100 * second) == [])
    }

    @Test("gated pods, pods of other schedulers and pods that are being deleted are left alone")
    func leavesOthersAlone() {
        var state = state(
            [node("a")],
            [
                pod("gated") { $0["spec"]["schedulingGates"] = [["name": "g"]] },
                pod("other") { $0["spec"]["schedulerName"] = "mine" },
                pod("deleted") { $0["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z" },
            ])
        #expect(decide(&state, at: 0) == [])
        state.handle(.pod(description(pod("gated"))), now: 0)
        #expect(decide(&state, at: 0) == ["gated to a"])
    }

    @Test("a binding that failed is tried again and leaves nothing taken")
    func retriesBinding() {
        var state = state([node("a")], [pod("p", cpu: "1500m")])
        #expect(decide(&state, at: 0) == ["p to a"])
        state.handle(.bound(name("p"), uid: "uid-p", .failed), now: second / 10)
        #expect(decide(&state, at: second / 10) == [])
        #expect(state.nextWake == second)
        #expect(decide(&state, at: second) == ["p to a"])
    }

    @Test("a pod's report about itself doesn't place it twice")
    func bindsOnce() {
        var state = state([node("a")], [pod("p")])
        #expect(decide(&state, at: 0) == ["p to a"])
        state.handle(.pod(description(pod("p") { $0["status"]["message"] = "x" })), now: 0)
        #expect(decide(&state, at: 0) == [])
    }

    @Test("a pod of the same name but another uid is placed afresh")
    func distinguishesPods() {
        var state = state([node("a")], [pod("p")])
        _ = decide(&state, at: 0)
        state.handle(.pod(description(pod("p") { $0["metadata"]["uid"] = "other" })), now: 0)
        #expect(decide(&state, at: 0) == ["p to a"])
    }

    @Test("a pod that has ended frees what it took")
    func freesEnded() {
        let running = pod("x", cpu: "1500m") { $0["spec"]["nodeName"] = "a" }
        var state = state([node("a")], [running, pod("p", cpu: "1")])
        #expect(decide(&state, at: 0) == ["p waits"])
        state.handle(
            .pod(
                description(
                    pod("x", cpu: "1500m") {
                        $0["spec"]["nodeName"] = "a"
                        $0["status"]["phase"] = "Succeeded"
                    })), now: 2 * second)
        #expect(decide(&state, at: 2 * second) == ["p to a"])
    }

    @Test("a thousand pods are placed one after the other without a second look at those that are")
    func placesMany() {
        let big = node("a") { $0["status"]["allocatable"] = ["cpu": "1000", "memory": "1000Gi", "pods": "1000"] }
        var state = state([big], (0..<1000).map { pod("p\($0)") })
        #expect(decide(&state, at: 0).count == 1000)
    }
}

@Suite("Amounts")
struct AmountTests {
    @Test("absurd requests neither overflow nor fit")
    func boundsAmounts() {
        var full = Amounts()
        for _ in 0..<1000 { full += Amounts(list: ["memory": "8Ei"]) }
        #expect(full.memory > 0)
        let placed = (0..<9).map { (pod("x\($0)", cpu: "9E"), "a") }
        #expect(
            decision(pod("p"), cluster([node("a")], placed)).hasPrefix("0/1 nodes are available: 1 Insufficient cpu."))
    }
}
