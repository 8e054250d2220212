internal import PintleInterfaces

extension NodeStatistics {
    /// A metric of containers and pods by cAdvisor's name.
    private struct Advised: Sendable {
        let name: String
        let kind: MetricText.Kind
        let help: String
        /// Labels between `container` and `id`.
        var labels: [(String, String)] = []
        let value: @Sendable (RuntimeContainerStats) -> UInt64
        var isTime = false
    }

    /// Those that pods have too.
    private static let shared: [Advised] = [
        Advised(
            name: "container_cpu_usage_seconds_total", kind: .counter,
            help: "Cumulative cpu time consumed in seconds.", labels: [("cpu", "total")], value: { $0.cpuUsageNs },
            isTime: true),
        Advised(
            name: "container_memory_usage_bytes", kind: .gauge,
            help: "Current memory usage in bytes, including all memory regardless of when it was accessed",
            value: { $0.memoryUsageBytes }),
        Advised(
            name: "container_memory_working_set_bytes", kind: .gauge, help: "Current working set in bytes.",
            value: { $0.memoryWorkingSetBytes }),
        Advised(
            name: "container_memory_rss", kind: .gauge, help: "Size of RSS in bytes.", value: { $0.memoryRssBytes }),
        Advised(
            name: "container_processes", kind: .gauge,
            help: "Number of processes running inside the container.", value: { $0.pids }),
    ]

    private static let own: [Advised] = [
        Advised(
            name: "container_memory_swap", kind: .gauge, help: "Container swap usage in bytes.",
            value: { $0.swapUsageBytes }),
        Advised(
            name: "container_oom_events_total", kind: .counter,
            help: "Count of out of memory events observed for the container", value: { $0.oomKills }),
        Advised(
            name: "container_fs_usage_bytes", kind: .gauge,
            help: "Number of bytes that are consumed by the container on this filesystem.", labels: [("device", "")],
            value: { $0.writableLayer?.usedBytes ?? 0 }),
        Advised(
            name: "container_fs_inodes_total", kind: .gauge, help: "Number of Inodes", labels: [("device", "")],
            value: { $0.writableLayer?.inodesUsed ?? 0 }),
        Advised(
            name: "container_fs_reads_bytes_total", kind: .counter, help: "Cumulative count of bytes read",
            labels: [("device", "")], value: { $0.ioReadBytes }),
        Advised(
            name: "container_fs_writes_bytes_total", kind: .counter, help: "Cumulative count of bytes written",
            labels: [("device", "")], value: { $0.ioWriteBytes }),
    ]

    /// The body of `/metrics/cadvisor`.
    func advisorMetrics() -> String {
        var text = MetricText()
        text.begin(
            "cadvisor_version_info", .gauge,
            "A metric with a constant '1' value labeled by kernel version, OS version, docker version, cadvisor version & cadvisor revision."
        )
        text.add([("cadvisorRevision", ""), ("cadvisorVersion", ""), ("dockerVersion", "")], 1)
        for metric in Self.shared { add(metric, pods: true, &text) }
        for metric in Self.own { add(metric, pods: false, &text) }
        text.begin(
            "container_memory_failures_total", .counter, "Cumulative count of memory allocation failures.")
        for (pod, container) in all {
            for (type, value) in [
                ("pgfault", container.stats.pageFaults), ("pgmajfault", container.stats.majorPageFaults),
            ] {
                let (first, rest) = labels(pod, container)
                text.add(
                    [first, ("failure_type", type)] + rest.prefix(3) + rest[3...] + [("scope", "container")], value,
                    time: container.stats.timestampNs)
            }
        }
        addTimes(&text)
        addNetwork(&text)
        addMachine(&text)
        text.begin(
            "container_scrape_error", .gauge, "1 if there was an error while getting container metrics, 0 otherwise")
        text.add([], 0)
        return text.text
    }

    private var all: [(Pod, Container)] { pods.flatMap { pod in pod.containers.map { (pod, $0) } } }

    private func labels(_ pod: Pod, _ container: Container?) -> ((String, String), [(String, String)]) {
        (
            ("container", container?.stats.name ?? ""),
            [
                ("id", cgroup(pod, container)), ("image", container?.status.image ?? ""),
                ("name", container?.stats.id ?? ""), ("namespace", pod.stats.podNamespace), ("pod", pod.stats.name),
            ]
        )
    }

    private func add(_ metric: Advised, pods addPods: Bool, _ text: inout MetricText) {
        text.begin(metric.name, metric.kind, metric.help)
        func add(_ pod: Pod, _ container: Container?, _ stats: RuntimeContainerStats) {
            let (first, rest) = labels(pod, container)
            let value = metric.value(stats)
            if metric.isTime {
                text.add([first] + metric.labels + rest, nanoseconds: value, time: stats.timestampNs)
            } else {
                text.add([first] + metric.labels + rest, value, time: stats.timestampNs)
            }
        }
        if addPods {
            for pod in pods {
                // A pod's numbers in the form of a container's.
                var stats = RuntimeContainerStats()
                stats.timestampNs = pod.stats.timestampNs
                stats.cpuUsageNs = pod.stats.cpuUsageNs
                stats.memoryUsageBytes = pod.stats.memoryUsageBytes
                stats.memoryWorkingSetBytes = pod.stats.memoryWorkingSetBytes
                stats.memoryRssBytes = pod.stats.memoryRssBytes
                stats.pids = pod.stats.pids
                add(pod, nil, stats)
            }
        }
        for (pod, container) in all { add(pod, container, container.stats) }
    }

    private func addTimes(_ text: inout MetricText) {
        text.begin(
            "container_start_time_seconds", .gauge, "Start time of the container since unix epoch in seconds.")
        for (pod, container) in all {
            let (first, rest) = labels(pod, container)
            text.add(
                [first] + rest, "\(container.status.startedAtNs / 1_000_000_000)", time: container.stats.timestampNs)
        }
        text.begin("container_last_seen", .gauge, "Last time a container was seen by the exporter")
        for (pod, container) in all {
            let (first, rest) = labels(pod, container)
            text.add(
                [first] + rest, "\(container.stats.timestampNs / 1_000_000_000)", time: container.stats.timestampNs)
        }
        text.begin("container_spec_memory_limit_bytes", .gauge, "Memory limit for the container.")
        for (pod, container) in all {
            let (first, rest) = labels(pod, container)
            text.add([first] + rest, UInt64(max(0, container.status.resources?.memoryLimitBytes ?? 0)))
        }
    }

    private func addNetwork(_ text: inout MetricText) {
        let metrics: [(String, String, (RuntimeNetworkUsage) -> UInt64)] = [
            ("receive_bytes_total", "Cumulative count of bytes received", { $0.rxBytes }),
            ("receive_errors_total", "Cumulative count of errors encountered while receiving", { $0.rxErrors }),
            ("transmit_bytes_total", "Cumulative count of bytes transmitted", { $0.txBytes }),
            ("transmit_errors_total", "Cumulative count of errors encountered while transmitting", { $0.txErrors }),
        ]
        for (name, help, value) in metrics {
            text.begin("container_network_" + name, .counter, help)
            for pod in pods {
                for interface in pod.stats.interfaces where interface.name != "lo" {
                    let labels = [
                        ("container", ""), ("id", cgroup(pod)), ("image", ""), ("interface", interface.name),
                        ("name", pod.stats.id), ("namespace", pod.stats.podNamespace), ("pod", pod.stats.name),
                    ]
                    text.add(labels, value(interface), time: pod.stats.timestampNs)
                }
            }
        }
    }

    private func addMachine(_ text: inout MetricText) {
        text.begin("machine_cpu_cores", .gauge, "Number of logical CPU cores.")
        text.add([], UInt64(max(0, cpus)))
        text.begin("machine_memory_bytes", .gauge, "Amount of memory installed on the machine.")
        text.add([], node.memoryTotal)
        text.begin("machine_swap_bytes", .gauge, "Amount of swap memory available on the machine.")
        text.add([], node.swapTotal)
    }
}
