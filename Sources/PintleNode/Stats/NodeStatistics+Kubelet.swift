internal import Glibc
internal import PintleInterfaces
internal import PintleObjects

/// What this process uses.
struct ProcessUsage: Sendable {
    var cpuNanoseconds: UInt64 = 0
    var residentBytes: UInt64 = 0
    var virtualBytes: UInt64 = 0
    var descriptors: UInt64 = 0

    /// Blocks briefly.
    static func read() -> ProcessUsage {
        var usage = ProcessUsage()
        var resources = rusage()
        if getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &resources) == 0 {
            let seconds = resources.ru_utime.tv_sec + resources.ru_stime.tv_sec
            let micros = resources.ru_utime.tv_usec + resources.ru_stime.tv_usec
            usage.cpuNanoseconds = UInt64(max(0, seconds)) * 1_000_000_000 + UInt64(max(0, micros)) * 1000
        }
        let pages = PodFiles.read("/proc/self/statm").split(separator: " ").map { UInt64($0) ?? 0 }
        if pages.count > 1 {
            usage.virtualBytes = pages[0] * UInt64(sysconf(Int32(_SC_PAGESIZE)))
            usage.residentBytes = pages[1] * UInt64(sysconf(Int32(_SC_PAGESIZE)))
        }
        usage.descriptors = UInt64(PodLogFolder.names("/proc/self/fd").count)
        return usage
    }
}

extension NodeStatistics {
    /// The body of `/metrics`.
    func kubeletMetrics(_ process: ProcessUsage, version: String) -> String {
        var text = MetricText()
        text.begin(
            "kubelet_node_name", .gauge, "[ALPHA] The node's name. The count is always 1.")
        text.add([("node", nodeName)], 1)
        text.begin("kubelet_running_pods", .gauge, "[BETA] Number of pods that have a running pod sandbox")
        text.add([], UInt64(pods.count))
        text.begin("kubelet_running_containers", .gauge, "[BETA] Number of containers currently running")
        for state in ["created", "exited", "running", "unknown"] {
            text.add([("container_state", state)], UInt64(states[state] ?? 0))
        }
        text.begin(
            "kubernetes_build_info", .gauge,
            "[BETA] A metric with a constant '1' value labeled by major, minor, git version, git commit, git tree state, build date, Go version, and compiler from which Kubernetes was built, and platform on which it is running."
        )
        let numbers = version.drop { $0 == "v" }.split(separator: ".").map(String.init)
        text.add(
            [
                ("git_version", version), ("major", numbers.first ?? ""),
                ("minor", numbers.count > 1 ? numbers[1] : ""), ("platform", "linux"),
            ], 1)
        addVolumes(&text)
        text.begin("process_cpu_seconds_total", .counter, "Total user and system CPU time spent in seconds.")
        text.add(nanoseconds: process.cpuNanoseconds)
        text.begin("process_open_fds", .gauge, "Number of open file descriptors.")
        text.add([], process.descriptors)
        text.begin("process_resident_memory_bytes", .gauge, "Resident memory size in bytes.")
        text.add([], process.residentBytes)
        text.begin("process_virtual_memory_bytes", .gauge, "Virtual memory size in bytes.")
        text.add([], process.virtualBytes)
        return text.text
    }

    /// Volumes that belong to claims.
    private func addVolumes(_ text: inout MetricText) {
        let metrics: [(String, String, (Volume) -> Int64?)] = [
            ("available_bytes", "Number of available bytes in the volume", { $0.bytes?.available }),
            ("capacity_bytes", "Capacity in bytes of the volume", { $0.bytes?.total }),
            ("inodes", "Maximum number of inodes in the volume", { $0.inodes?.total }),
            ("inodes_free", "Number of free inodes in the volume", { $0.inodes?.available }),
            ("inodes_used", "Number of used inodes in the volume", { $0.inodes?.used }),
            ("used_bytes", "Number of used bytes in the volume", { $0.bytes?.used }),
        ]
        for (name, help, value) in metrics {
            text.begin("kubelet_volume_stats_" + name, .gauge, "[ALPHA] " + help)
            for pod in pods {
                for volume in pod.volumes {
                    guard let claim = volume.claim, let number = value(volume) else { continue }
                    text.add(
                        [("namespace", pod.stats.podNamespace), ("persistentvolumeclaim", claim)],
                        UInt64(max(0, number)))
                }
            }
        }
    }
}
