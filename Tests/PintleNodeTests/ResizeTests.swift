import PintleInterfaces
import PintleObjects
import Testing

@testable import PintleNode

@Suite("Resizing a running pod")
struct ResizeTests {
    private static func pod(_ cpu: String, _ memory: String, _ policy: JSON = []) -> JSON {
        let list: JSON = ["cpu": .string(cpu), "memory": .string(memory)]
        return ContainerResourcesTests.pod(
            "Guaranteed", ContainerResourcesTests.container(list, list, ["resizePolicy": policy]))
    }

    /// A pod whose container runs with what `old` asks for.
    private static func view(_ old: JSON) -> PodView {
        var view = PodPlanTests.view(.running, code: 0)
        view.containers["main"]?[0].resources = ContainerResources.runtime(
            old["spec"]["containers"][0], pod: old, memoryCapacity: 1 << 30)
        return view
    }

    private static func plan(_ pod: JSON, from old: JSON, others: [JSON] = [], cpu: String = "4") -> PodResizePlan {
        PodResizePlan(
            pod: pod, view: view(old), others: others.map { PodTotals($0["spec"]).requests },
            allocatable: ["cpu": Quantity(cpu), "memory": Quantity("1Gi")].compactMapValues(\.self),
            memoryCapacity: 1 << 30, pidsLimit: 0)
    }

    @Test("nothing changes when the runtime has what the spec wants")
    func unchanged() {
        #expect(!Self.plan(Self.pod("1", "64Mi"), from: Self.pod("1", "64Mi")).isNeeded)
    }

    @Test("what changed is updated in place, and only that")
    func update() {
        let plan = Self.plan(Self.pod("2", "64Mi"), from: Self.pod("1", "64Mi"))
        guard case .update(let change) = plan.steps["main"] else {
            Issue.record("no update: \(plan)")
            return
        }
        #expect(change.cpuShares == 2048)
        #expect(change.cpuQuotaUs == 200_000)
        #expect(change.memoryLimitBytes == 0)
        #expect(plan.conditions().map(\.type) == ["PodResizeInProgress"])
        #expect(plan.conditions(failure: "no").map(\.reason) == ["Error"])
    }

    @Test("a container that wants a restart for memory gets one for memory only")
    func restart() {
        let policy: JSON = [["resourceName": "memory", "restartPolicy": "RestartContainer"]]
        let old = Self.pod("1", "64Mi", policy)
        #expect(Self.plan(Self.pod("1", "128Mi", policy), from: old).steps["main"] == .restart)
        guard case .update = Self.plan(Self.pod("2", "64Mi", policy), from: old).steps["main"] else {
            Issue.record("a change of the processor's share must not restart")
            return
        }
    }

    @Test("the pod's cgroup grows before its containers and shrinks after them")
    func order() {
        let grow = Self.plan(Self.pod("2", "128Mi"), from: Self.pod("1", "64Mi"))
        #expect(grow.podFirst?.memoryLimitBytes == 128 << 20)
        let shrink = Self.plan(Self.pod("1", "64Mi"), from: Self.pod("2", "128Mi"))
        #expect(shrink.podFirst?.memoryLimitBytes == 128 << 20)
        #expect(shrink.podFirst?.cpuQuotaUs == 200_000)
        #expect(shrink.podLast?.memoryLimitBytes == 64 << 20)
    }

    @Test("more than the node has is infeasible, more than is free is deferred")
    func verdicts() {
        let old = Self.pod("1", "64Mi")
        let large = Self.plan(Self.pod("5", "64Mi"), from: old)
        #expect(
            large.verdict == .infeasible("Node didn't have enough capacity: cpu, requested: 5000, capacity: 4000"))
        #expect(large.conditions().map(\.reason) == ["Infeasible"])
        let late = Self.plan(Self.pod("3", "64Mi"), from: old, others: [Self.pod("2", "64Mi")])
        #expect(
            late.verdict
                == .deferred("Node didn't have enough resource: cpu, requested: 3000, used: 2000, capacity: 4000"))
        #expect(late.podFirst == nil)
        #expect(late.conditions().map(\.reason) == ["Deferred"])
    }

    @Test("the status shows what is in force")
    func actual() {
        let old = Self.pod("1", "64Mi"), new = Self.pod("2", "128Mi")
        let running = Self.view(old).current("main")?.resources
        let wanted = new["spec"]["containers"][0]["resources"]
        let shown = ContainerResize.actual(allocated: wanted, running: running)
        #expect(shown["requests"]["cpu"] == "1")
        #expect(shown["limits"]["cpu"] == "1")
        #expect(shown["limits"]["memory"] == "64Mi")
        #expect(ContainerResize.actual(allocated: wanted, running: nil) == wanted)
    }

    @Test("mounts in the status say whether they are read-only to the bottom")
    func volumeMounts() {
        let container: JSON = [
            "volumeMounts": [
                ["name": "a", "mountPath": "/a"], ["name": "b", "mountPath": "/b", "readOnly": true],
                ["name": "c", "mountPath": "/c", "readOnly": true, "recursiveReadOnly": "IfPossible"],
            ]
        ]
        #expect(
            VolumeMountStatus.list(container) == [
                ["name": "a", "mountPath": "/a"],
                ["name": "b", "mountPath": "/b", "readOnly": true, "recursiveReadOnly": "Disabled"],
                ["name": "c", "mountPath": "/c", "readOnly": true, "recursiveReadOnly": "Enabled"],
            ])
    }
}
