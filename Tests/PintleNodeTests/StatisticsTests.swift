import PintleInterfaces
import PintleObjects
import Testing

@testable import PintleNode

@Suite("The node's statistics")
struct StatisticsTests {
    private func sample() -> NodeStatistics {
        var container = RuntimeContainerStats()
        container.id = "c1"
        container.name = "main"
        container.timestampNs = 1_800_000_000_123_000_000
        container.cpuUsageNs = 1_500_000_000
        container.memoryWorkingSetBytes = 4096
        var status = RuntimeContainerStatus()
        status.id = "c1"
        status.image = "busy\"box"
        status.startedAtNs = 1_799_999_999_000_000_000
        var sandbox = RuntimeSandboxStats()
        sandbox.name = "p"
        sandbox.podNamespace = "n"
        sandbox.uid = "u"
        sandbox.timestampNs = container.timestampNs
        sandbox.cpuUsageNs = 2_000_000_000
        var link = RuntimeNetworkUsage()
        link.name = "eth0"
        link.rxBytes = 7
        sandbox.interfaces = [link]
        var usage = NodeUsage()
        usage.time = container.timestampNs
        usage.takeStat("cpu  10 20 30 999 888 1 2 3 50 60\nbtime 1700000000\n", ticks: 100)
        usage.takeMemory("MemTotal: 1000 kB\nMemFree: 400 kB\nInactive(file): 100 kB\nAnonPages: 50 kB\n")
        return NodeStatistics(
            nodeName: "node", cgroupParent: "/pintle-1", node: usage, nodeNanocores: nil, disk: FileSystemUsage(),
            images: nil, cpus: 2,
            pods: [.init(stats: sandbox, containers: [.init(stats: container, status: status)], startTime: 0)],
            states: ["running": 1])
    }

    @Test("/proc is read as kubelet counts: idle time is no use, inactive file pages are no working set")
    func machine() {
        let usage = sample().node
        #expect(usage.cpuNanoseconds == 66 * 10_000_000)
        #expect(usage.bootTime == 1_700_000_000_000_000_000)
        #expect(usage.memoryUsage == 600 * 1024)
        #expect(usage.memoryWorkingSet == 500 * 1024)
    }

    @Test("links of pods are not the machine's")
    func interfaces() {
        let line = " 5 0 1 0 0 0 0 0 6 0 2 0 0 0 0 0\n"
        let text = "a\nb\n  lo:\(line)  eth0:\(line)pintle-1:\(line)vethx:\(line)"
        #expect(NodeUsage.interfaces(text) == [.init(name: "eth0", rxBytes: 5, rxErrors: 1, txBytes: 6, txErrors: 2)])
    }

    @Test("metrics of resources have kubelet's names, labels and times")
    func resource() {
        let text = sample().resourceMetrics()
        for line in [
            "container_cpu_usage_seconds_total{container=\"main\",namespace=\"n\",pod=\"p\"} 1.5 1800000000123",
            "container_memory_working_set_bytes{container=\"main\",namespace=\"n\",pod=\"p\"} 4096 1800000000123",
            "container_start_time_seconds{container=\"main\",namespace=\"n\",pod=\"p\"} 1799999999",
            "pod_cpu_usage_seconds_total{namespace=\"n\",pod=\"p\"} 2 1800000000123",
            "node_cpu_usage_seconds_total 0.66 1800000000123", "scrape_error 0", "resource_scrape_error 0",
        ] { #expect(text.split(separator: "\n").contains(Substring(line)), "\(line)") }
    }

    @Test("metrics of containers have cAdvisor's names and labels, escaped")
    func advisor() {
        let text = sample().advisorMetrics()
        let labels = "id=\"/pintle-1/podu/c1\",image=\"busy\\\"box\",name=\"c1\",namespace=\"n\",pod=\"p\""
        for line in [
            "container_cpu_usage_seconds_total{container=\"main\",cpu=\"total\",\(labels)} 1.5 1800000000123",
            "container_memory_working_set_bytes{container=\"main\",\(labels)} 4096 1800000000123",
            "container_network_receive_bytes_total{container=\"\",id=\"/pintle-1/podu\",image=\"\",interface=\"eth0\",name=\"\",namespace=\"n\",pod=\"p\"} 7 1800000000123",
            "machine_cpu_cores 2",
        ] { #expect(text.split(separator: "\n").contains(Substring(line)), "\(line)") }
    }

    @Test("the summary has each pod with its containers; a rate that is not known is left out")
    func summary() {
        let summary = sample().summary(onlyCPUAndMemory: false)
        #expect(summary["node"]["nodeName"].string == "node")
        #expect(summary["node"]["cpu"]["usageNanoCores"].isNull)
        let pod = summary["pods"].array?.first ?? .null
        #expect(pod["podRef"] == ["name": "p", "namespace": "n", "uid": "u"])
        #expect(pod["network"]["rxBytes"].int == 7)
        #expect(pod["containers"].array?.first?["memory"]["workingSetBytes"].int == 4096)
        #expect(sample().summary(onlyCPUAndMemory: true)["pods"].array?.first?["network"].isNull == true)
    }

    @Test("results of probes are counted by container, kind and result")
    func probes() {
        let identity = PodIdentity(namespace: "n", name: "p", uid: "u")
        let counts = [ProbeCount(container: "c", kind: .liveness, successful: 2, failed: 0, unknown: 0)]
        let text = NodeAgent.probeMetrics([(identity, counts)])
        let line =
            "prober_probe_total{container=\"c\",namespace=\"n\",pod=\"p\",pod_uid=\"u\",probe_type=\"Liveness\",result=\"successful\"} 2"
        #expect(text.contains(line))
        #expect(!text.contains("failed"))
    }
}
