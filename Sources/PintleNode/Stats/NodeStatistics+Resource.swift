internal import PintleInterfaces

extension NodeStatistics {
    /// The body of `/metrics/resource`, which metrics-server reads.
    func resourceMetrics() -> String {
        var text = MetricText()
        let all = pods.flatMap { pod in pod.containers.map { (pod, $0) } }
        func labels(_ pod: Pod, _ container: Container) -> [(String, String)] {
            [("container", container.stats.name), ("namespace", pod.stats.podNamespace), ("pod", pod.stats.name)]
        }
        func labels(_ pod: Pod) -> [(String, String)] {
            [("namespace", pod.stats.podNamespace), ("pod", pod.stats.name)]
        }
        text.begin(
            "container_cpu_usage_seconds_total", .counter,
            "[STABLE] Cumulative cpu time consumed by the container in core-seconds")
        for (pod, container) in all {
            text.add(labels(pod, container), nanoseconds: container.stats.cpuUsageNs, time: container.stats.timestampNs)
        }
        text.begin(
            "container_memory_working_set_bytes", .gauge, "[STABLE] Current working set of the container in bytes")
        for (pod, container) in all {
            text.add(
                labels(pod, container), container.stats.memoryWorkingSetBytes, time: container.stats.timestampNs)
        }
        text.begin(
            "container_start_time_seconds", .gauge,
            "[STABLE] Start time of the container since unix epoch in seconds")
        for (pod, container) in all {
            text.add(labels(pod, container), nanoseconds: UInt64(max(0, container.status.startedAtNs)))
        }
        text.begin(
            "container_swap_usage_bytes", .gauge,
            "[ALPHA] Current amount of the container swap usage in bytes. Reported only on non-windows systems")
        for (pod, container) in all {
            text.add(labels(pod, container), container.stats.swapUsageBytes, time: container.stats.timestampNs)
        }
        text.begin(
            "node_cpu_usage_seconds_total", .counter,
            "[STABLE] Cumulative cpu time consumed by the node in core-seconds")
        text.add(nanoseconds: node.cpuNanoseconds, time: node.time)
        text.begin("node_memory_working_set_bytes", .gauge, "[STABLE] Current working set of the node in bytes")
        text.add([], node.memoryWorkingSet, time: node.time)
        text.begin(
            "node_swap_usage_bytes", .gauge,
            "[ALPHA] Current swap usage of the node in bytes. Reported only on non-windows systems")
        text.add([], node.swapUsage, time: node.time)
        text.begin(
            "pod_cpu_usage_seconds_total", .counter,
            "[STABLE] Cumulative cpu time consumed by the pod in core-seconds")
        for pod in pods { text.add(labels(pod), nanoseconds: pod.stats.cpuUsageNs, time: pod.stats.timestampNs) }
        text.begin("pod_memory_working_set_bytes", .gauge, "[STABLE] Current working set of the pod in bytes")
        for pod in pods { text.add(labels(pod), pod.stats.memoryWorkingSetBytes, time: pod.stats.timestampNs) }
        text.begin(
            "pod_swap_usage_bytes", .gauge,
            "[ALPHA] Current amount of the pod swap usage in bytes. Reported only on non-windows systems")
        for pod in pods {
            text.add(
                labels(pod), pod.containers.reduce(0) { $0 + $1.stats.swapUsageBytes }, time: pod.stats.timestampNs)
        }
        return text.text + Self.scrapeError(false)
    }

    /// The end of `/metrics/resource`, and all of it when nothing could be read.
    static func scrapeError(_ failed: Bool) -> String {
        var text = MetricText()
        for (name, state) in [("resource_scrape_error", "STABLE"), ("scrape_error", "ALPHA")] {
            text.begin(
                name, .gauge,
                "[\(state)] 1 if there was an error while getting container metrics, 0 otherwise")
            text.add([], failed ? 1 : 0)
        }
        return text.text
    }
}
