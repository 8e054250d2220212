import PintleInterfaces
import PintleObjects
import Testing

@testable import PintleNode

@Suite("What to do next for a pod")
struct PodPlanTests {
    @Test("a new pod gets a sandbox and each container's first attempt")
    func begins() {
        let plan = PodPlan(pod: Self.pod("Always"), view: PodView(), facts: PodPlan.Facts())
        #expect(plan.newSandbox == 0)
        #expect(plan.steps == ["main": .start(attempt: 0)])
        #expect(!plan.finished)
    }

    @Test(
        "an ended container runs again as the policy says",
        arguments: [
            ("Always", Int32(0), PodPlan.Step.start(attempt: 1)), ("Always", 1, .start(attempt: 1)),
            ("OnFailure", 0, .keep), ("OnFailure", 1, .start(attempt: 1)), ("Never", 0, .keep), ("Never", 1, .keep),
        ])
    func restarts(_ policy: String, _ code: Int32, _ expected: PodPlan.Step) {
        let view = Self.view(.exited, code: code)
        let plan = PodPlan(pod: Self.pod(policy), view: view, facts: PodPlan.Facts(now: 100))
        #expect(plan.steps["main"] == expected)
        #expect(plan.finished == (expected == .keep))
    }

    @Test("a container in back-off waits for what is left of it")
    func waits() {
        let plan = PodPlan(
            pod: Self.pod("Always"), view: Self.view(.exited, code: 1),
            facts: PodPlan.Facts(backoffs: ["main": Backoff(after: 1, at: 50)], now: 53))
        #expect(plan.steps["main"] == .wait(7))
    }

    @Test("when the sandbox is gone, what ran in it starts again in a new one")
    func replacesSandbox() {
        var view = Self.view(.running, code: 0)
        view.sandboxes[0].state = .notReady
        let plan = PodPlan(pod: Self.pod("Always"), view: view, facts: PodPlan.Facts())
        #expect(plan.newSandbox == 1)
        #expect(plan.steps["main"] == .start(attempt: 1))
    }

    @Test("an exit that overtakes the answer of its start stays an exit")
    func movesForward() throws {
        var view = Self.view(.exited, code: 3)
        let late = try #require(Self.view(.running, code: 0).current("main"))
        view.put(late)
        #expect(view.current("main")?.state == .exited)
        #expect(PodView(sandboxes: [], containers: [late]).merging(view).current("main")?.exitCode == 3)
    }

    static func pod(_ policy: String) -> JSON {
        [
            "metadata": ["name": "p", "namespace": "default", "uid": "u", "generation": 3],
            "spec": ["restartPolicy": .string(policy), "containers": [["name": "main", "image": "busybox"]]],
        ]
    }

    /// A ready sandbox with one container that ended, or began, 50 s after 1970.
    static func view(_ state: RuntimeContainerState, code: Int32, attempt: Int32 = 0, reason: String = "") -> PodView {
        var sandbox = RuntimeSandboxStatus()
        sandbox.id = "s"
        var container = RuntimeContainerStatus()
        container.id = "c\(attempt)"
        container.sandboxId = "s"
        container.name = "main"
        container.attempt = attempt
        container.state = state
        container.exitCode = code
        container.reason = reason
        container.startedAtNs = 49_000_000_000
        container.finishedAtNs = state == .exited ? 50_000_000_000 : 0
        return PodView(sandboxes: [sandbox], containers: [container])
    }
}
