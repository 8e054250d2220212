import PintleNodePolicy
import PintleObjects
import Testing

@testable import PintleNode

@Suite("Admission of pods at the node")
struct AdmissionTests {
    @Test(
        "a pod that the node has no room for is OutOf…, with Kubernetes' numbers",
        arguments: [
            ("cpu", "3", "OutOfcpu", "cpu, requested: 3000, used: 1500, capacity: 4000"),
            ("memory", "4Gi", "OutOfmemory", "memory, requested: 4294967296, used: 0, capacity: 4190109696"),
            ("hugepages-2Mi", "4Mi", "OutOfhugepages-2Mi", "hugepages-2Mi, requested: 4194304, used: 0, capacity: 0"),
        ])
    func noRoom(_ resource: String, _ amount: String, _ reason: String, _ numbers: String) {
        let admission = NodeAdmission(Self.node())
        #expect(admission.admit(Self.pod("a", requests: ["cpu": "1500m"]), runs: false) == nil)
        let rejection = admission.admit(Self.pod("b", requests: [resource: amount]), runs: false)
        #expect(rejection?.reason == reason)
        #expect(rejection?.message == "Node didn't have enough resource: \(numbers)")
    }

    @Test("a resource that no device plug-in offers does not keep a pod away")
    func extended() {
        let admission = NodeAdmission(Self.node())
        #expect(admission.admit(Self.pod("a", requests: ["example.org/gpu": "1"]), runs: false) == nil)
    }

    @Test("one pod too many is OutOfpods; a pod that has ended makes room")
    func count() {
        let admission = NodeAdmission(Self.node(maxPods: 1))
        var first = Self.pod("a")
        #expect(admission.admit(first, runs: false) == nil)
        #expect(
            admission.admit(Self.pod("b"), runs: false)
                == AdmissionRejection(
                    "OutOfpods", "Node didn't have enough resource: pods, requested: 1, used: 1, capacity: 1"))
        first["status"] = ["phase": "Succeeded"]
        admission.update(first)
        #expect(admission.admit(Self.pod("b"), runs: false) == nil)
    }

    @Test("a pod that runs already is counted, not judged")
    func counted() {
        let admission = NodeAdmission(Self.node())
        #expect(admission.admit(Self.pod("a", requests: ["cpu": "9"]), runs: true) == nil)
        #expect(admission.admit(Self.pod("b", requests: ["cpu": "1m"]), runs: false)?.reason == "OutOfcpu")
    }

    @Test(
        "a port of the node is given once",
        arguments: [("", "", true), ("127.0.0.1", "", true), ("127.0.0.1", "127.0.0.2", false)])
    func ports(_ first: String, _ second: String, _ conflict: Bool) {
        let admission = NodeAdmission(Self.node())
        func pod(_ name: String, _ address: String) -> JSON {
            var pod = Self.pod(name)
            pod["spec"]["containers"] = [
                ["name": "c", "ports": [["containerPort": 80, "hostPort": 8080, "hostIP": .string(address)]]]
            ]
            return pod
        }
        #expect(admission.admit(pod("a", first), runs: false) == nil)
        let rejection = admission.admit(pod("b", second), runs: false)
        #expect((rejection != nil) == conflict)
        if let rejection {
            #expect(rejection.reason == "NodePorts")
            #expect(
                rejection.message
                    == "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports")
        }
    }

    @Test("selector, affinity, node name and operating system are checked in Kubernetes' order")
    func places() {
        let affinity = AdmissionRejection(
            "NodeAffinity", "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector")
        #expect(Self.check { $0["nodeSelector"] = ["disk": "fast"] } == affinity)
        #expect(Self.check { $0["nodeSelector"] = ["kubernetes.io/os": "linux"] } == nil)
        let terms: JSON = [
            "nodeSelectorTerms": [["matchFields": [["key": "metadata.name", "operator": "In", "values": ["m"]]]]]
        ]
        #expect(
            Self.check {
                $0["affinity"] = ["nodeAffinity": ["requiredDuringSchedulingIgnoredDuringExecution": terms]]
            } == affinity)
        #expect(Self.check { $0["nodeName"] = "other" }?.reason == "NodeName")
        #expect(
            Self.check { $0["nodeSelector"] = ["kubernetes.io/os": "windows"] }?.reason
                == "PodOSSelectorNodeLabelDoesNotMatch")
        #expect(
            Self.check { $0["os"] = ["name": "windows"] }
                == AdmissionRejection(
                    "PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS"))
    }

    @Test("a NoExecute taint keeps a pod away unless it tolerates it or comes from a file")
    func taints() {
        let node = Self.node()
        node.update(node: [
            "spec": ["taints": [["key": "k", "effect": "NoExecute"], ["key": "s", "effect": "NoSchedule"]]]
        ])
        let admission = NodeAdmission(node)
        #expect(admission.admit(Self.pod("a"), runs: false)?.reason == "TaintToleration")
        var tolerant = Self.pod("b")
        tolerant["spec"]["tolerations"] = [["key": "k", "operator": "Exists"]]
        #expect(admission.admit(tolerant, runs: false) == nil)
        var fixed = Self.pod("c")
        fixed["metadata"]["annotations"] = ["kubernetes.io/config.source": "file"]
        #expect(admission.admit(fixed, runs: false) == nil)
    }

    @Test("under memory pressure BestEffort pods are turned away, under disk pressure all but critical ones")
    func pressure() {
        let node = Self.node()
        let admission = NodeAdmission(node)
        node.update(pressures: [.memory])
        #expect(
            admission.admit(Self.pod("a"), runs: false)
                == AdmissionRejection("Evicted", "The node had condition: [MemoryPressure]. "))
        #expect(admission.admit(Self.pod("b", requests: ["memory": "1Mi"]), runs: false) == nil)
        node.update(pressures: [.disk, .memory])
        #expect(
            admission.admit(Self.pod("c", requests: ["memory": "1Mi"]), runs: false)?.message
                == "The node had condition: [DiskPressure MemoryPressure]. ")
        var critical = Self.pod("d")
        critical["spec"]["priority"] = 2_000_001_000
        #expect(admission.admit(critical, runs: false) == nil)
    }

    @Test("what is reserved and what eviction keeps free is not allocatable")
    func reserved() {
        var policy = NodePolicy()
        policy.systemReserved = ["cpu": Quantity(milli: 250), "memory": Quantity(1 << 30)]
        policy.kubeReserved = ["cpu": Quantity(milli: 250)]
        let resources = NodeResources(Self.machine(), policy, maxPods: 110)
        let allocatable = NodeResources.json(resources.allocatable)
        #expect(allocatable["cpu"] == "3500m")
        #expect(allocatable["memory"] == "3043328Ki")
        #expect(allocatable["ephemeral-storage"] == "966367641600")
        #expect(allocatable["pods"] == "110")
        #expect(NodeResources.json(resources.capacity)["memory"] == "4194304Ki")
    }

    // MARK: Makers

    static func machine() -> Machine {
        Machine(
            cpus: 4, memoryBytes: 4 << 30, diskBytes: 1000 << 30, hugePages: [2 << 20: 0], kernel: "", osImage: "",
            machineID: "", bootID: "", systemUUID: "", architecture: "amd64", addresses: [])
    }

    static func node(maxPods: Int64 = 110, _ policy: NodePolicy = NodePolicy()) -> NodeState {
        NodeState(
            NodeState.Facts(
                name: "n", labels: ["kubernetes.io/os": "linux"],
                resources: NodeResources(machine(), policy, maxPods: maxPods)))
    }

    static func pod(_ name: String, requests: [String: String] = [:]) -> JSON {
        var list = JSONObject()
        for (key, value) in requests { list[key] = .string(value) }
        return [
            "apiVersion": "v1", "kind": "Pod",
            "metadata": ["name": .string(name), "namespace": "default", "uid": .string("uid-\(name)")],
            "spec": ["containers": [["name": "c", "resources": ["requests": .object(list)]]]],
        ]
    }

    private static func check(_ change: (inout JSON) -> Void) -> AdmissionRejection? {
        var pod = pod("p")
        change(&pod["spec"])
        return NodeAdmission(node()).admit(pod, runs: false)
    }
}
