import PintleInterfaces
import PintleObjects
import Testing

@testable import PintleNode

@Suite("A pod's status")
struct PodStatusTests {
    @Test(
        "the phase follows containers and policy",
        arguments: [
            ("Always", RuntimeContainerState.created, Int32(0), "Pending"), ("Always", .running, 0, "Running"),
            ("Always", .exited, 1, "Running"), ("OnFailure", .exited, 1, "Running"),
            ("OnFailure", .exited, 0, "Succeeded"),
            ("Never", .exited, 0, "Succeeded"), ("Never", .exited, 1, "Failed"),
        ])
    func phase(_ policy: String, _ state: RuntimeContainerState, _ code: Int32, _ expected: String) {
        #expect(Self.status(policy, PodPlanTests.view(state, code: code)).phase == expected)
    }

    @Test("an ended container tells code, reason and times")
    func terminated() {
        let status = Self.status("Never", PodPlanTests.view(.exited, code: 137, reason: "OOMKilled")).build()
        let ended = status["containerStatuses"][0]["state"]["terminated"]
        #expect(ended["exitCode"] == 137)
        #expect(ended["reason"] == "OOMKilled")
        #expect(ended["startedAt"] == "1970-01-01T00:00:49Z")
        #expect(ended["finishedAt"] == "1970-01-01T00:00:50Z")
        #expect(ended["containerID"] == "pintle://c0")
    }

    @Test("a container in back-off waits, and its last end is its last state")
    func crashLoop() {
        var builder = Self.status("Always", PodPlanTests.view(.exited, code: 1, attempt: 2))
        builder.waiting["main"] = PodStatus.Waiting(reason: "CrashLoopBackOff", message: "back-off")
        let container = builder.build()["containerStatuses"][0]
        #expect(container["state"]["waiting"]["reason"] == "CrashLoopBackOff")
        #expect(container["lastState"]["terminated"]["exitCode"] == 1)
        #expect(container["restartCount"] == 2)
        #expect(container["ready"] == false)
    }

    @Test("a condition keeps its time as long as its status stays")
    func conditionTimes() {
        var builder = Self.status("Always", PodPlanTests.view(.running, code: 0))
        let first = builder.build()
        builder.pod["status"] = first
        builder.now = Timestamp(seconds: 2000)
        let second = builder.build()
        #expect(second["conditions"] == first["conditions"])
        #expect(second["startTime"] == first["startTime"])
        #expect(second["observedGeneration"] == 3)
    }

    private static func status(_ policy: String, _ view: PodView) -> PodStatus {
        PodStatus(
            pod: PodPlanTests.pod(policy), view: view, podIPs: ["10.0.0.2"], hostIPs: ["10.0.0.1"],
            now: Timestamp(seconds: 1000))
    }
}
