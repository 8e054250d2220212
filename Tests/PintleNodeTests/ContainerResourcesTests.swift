import PintleInterfaces
import PintleObjects
import Testing

@testable import PintleNode

@Suite("Resources as cgroup limits")
struct ContainerResourcesTests {
    static func container(_ requests: JSON, _ limits: JSON = [:], _ more: JSON = [:]) -> JSON {
        var value: JSON = ["name": "main", "resources": ["requests": requests, "limits": limits]]
        for (key, entry) in more.object?.members ?? [] { value[key] = entry }
        return value
    }

    static func pod(_ qos: String, _ containers: JSON..., priority: Int64 = 0) -> JSON {
        [
            "metadata": ["uid": "u"], "spec": ["containers": .array(containers), "priority": .integer(priority)],
            "status": ["qosClass": .string(qos)],
        ]
    }

    @Test(
        "the oom score follows the share of the node's memory that is asked for",
        arguments: [
            ("BestEffort", "0", Int64(1000)), ("Guaranteed", "1Gi", -997), ("Burstable", "0", 999),
            ("Burstable", "512Mi", 500), ("Burstable", "1Gi", 3), ("Burstable", "8Ei", 3), ("Burstable", "1", 999),
        ])
    func oomScore(_ qos: String, _ memory: String, _ expected: Int64) {
        let container = Self.container(["memory": .string(memory)])
        let pod = Self.pod(qos, container)
        #expect(OOMScore.adjustment(container, pod: pod, memoryCapacity: 1 << 30) == expected)
        let critical = Self.pod(qos, container, priority: 2_000_001_000)
        #expect(OOMScore.adjustment(container, pod: critical, memoryCapacity: 1 << 30) == -997)
    }

    @Test("a sidecar is killed no sooner than the containers that it serves")
    func sidecar() {
        let main = Self.container(["memory": "512Mi"])
        let sidecar = Self.container(["memory": "0"], [:], ["name": "side", "restartPolicy": "Always"])
        var pod = Self.pod("Burstable", main)
        pod["spec"]["initContainers"] = [sidecar]
        #expect(OOMScore.adjustment(sidecar, pod: pod, memoryCapacity: 1 << 30) == 500)
    }

    @Test("absurd amounts become the largest that fit", arguments: ["9223372036854775807", "9Ei", "1e30", "-5"])
    func absurd(_ amount: String) {
        let container = Self.container(
            ["cpu": .string(amount), "memory": .string(amount)],
            ["cpu": .string(amount), "memory": .string(amount), "hugepages-2Mi": .string(amount)])
        let pod = Self.pod("Burstable", container, container)
        for resources in [
            ContainerResources.runtime(container, pod: pod, memoryCapacity: 1 << 30),
            ContainerResources.pod(pod, pidsLimit: 0),
        ] {
            #expect((2...262_144).contains(resources.cpuShares))
            #expect((0...1 << 44).contains(resources.cpuQuotaUs))
            #expect(resources.memoryLimitBytes >= 0)
        }
    }

    @Test("huge pages are named as the kernel names them")
    func hugepages() {
        let container = Self.container([:], ["hugepages-2Mi": "4Mi", "hugepages-1Gi": "1Gi", "memory": "1Gi"])
        let limits = ContainerResources.runtime(
            container, pod: Self.pod("Burstable", container), memoryCapacity: 1 << 30
        ).hugepageLimits
        #expect(limits.map(\.pageSize) == ["1GB", "2MB"])
        #expect(limits.map(\.limitBytes) == [1 << 30, 4 << 20])
    }

    @Test("a pod's limits are its containers' sums, where each has one")
    func pod() {
        let one = Self.container(["cpu": "500m"], ["cpu": "1", "memory": "64Mi"])
        let two = Self.container(["cpu": "500m"], ["memory": "64Mi"])
        let resources = ContainerResources.pod(Self.pod("Burstable", one, two), pidsLimit: 99)
        #expect(resources.cpuShares == 1024)
        #expect(resources.cpuQuotaUs == 0)
        #expect(resources.memoryLimitBytes == 128 << 20)
        #expect(resources.pidsLimit == 99)
    }

    @Test(
        "pods lie below a level of their class",
        arguments: [
            ("Guaranteed", "/p/podu"), ("Burstable", "/p/burstable/podu"), ("BestEffort", "/p/besteffort/podu"),
        ])
    func levels(_ qos: String, _ expected: String) {
        let settings = NodeSettings(
            name: "n", instanceID: "0", dataDirectory: "/d", logDirectory: "/l", cgroupParent: "/p", podRanges: [],
            maxPods: 1, logMaxBytes: 0, logMaxFiles: 1, version: "v")
        let pod = Self.pod(qos)
        #expect(SandboxRequest.cgroup(pod, PodIdentity(pod), settings) == expected)
    }
}
