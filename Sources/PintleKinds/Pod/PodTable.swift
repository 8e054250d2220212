import PintleObjects

/// `kubectl get pods`.
enum PodTable {
    static let columns = [
        TableColumn.objectName,
        TableColumn("Ready", "Containers that pass their readiness checks, of all that keep running."),
        TableColumn("Status", "The phase, or the reason why the pod isn't where it should be."),
        TableColumn("Restarts", "How often containers were started again, and when last."),
        .age,
        TableColumn("IP", "The pod's first address.", wide: true),
        TableColumn("Node", "Where the pod runs.", wide: true),
        TableColumn("Nominated Node", "Where room is being made for the pod.", wide: true),
        TableColumn("Readiness Gates", "Extra conditions that hold, of those that the pod waits for.", wide: true),
    ]

    static func cells(_ pod: JSON, now: Timestamp) -> [JSON] {
        let summary = PodSummary(pod)
        var restarts = String(summary.restarts)
        if summary.restarts > 0, let last = summary.lastRestart {
            restarts += " (\(last.age(at: now)) ago)"
        }
        return [
            pod.nameCell, .string("\(summary.ready)/\(summary.total)"), .string(summary.reason), .string(restarts),
            pod.ageCell(at: now), .cell(pod["status"]["podIPs"][0]["ip"].text), .cell(pod["spec"]["nodeName"].text),
            .cell(pod["status"]["nominatedNodeName"].text), .string(gates(of: pod)),
        ]
    }

    private static func gates(of pod: JSON) -> String {
        let gates = pod["spec"]["readinessGates"].items
        if gates.isEmpty { return "<none>" }
        let conditions = pod["status"]["conditions"].items
        let open = gates.filter { gate in
            conditions.contains { $0["type"] == gate["conditionType"] && $0["status"].text == "True" }
        }
        return "\(open.count)/\(gates.count)"
    }
}

/// What a pod's many states come to.
struct PodSummary {
    private(set) var reason: String
    private(set) var ready = 0
    private(set) var total: Int
    private(set) var restarts: Int64 = 0
    private(set) var lastRestart: Timestamp?

    init(_ pod: JSON) {
        let status = pod["status"]
        let phase = status["phase"].text
        reason = status["reason"].text.isEmpty ? phase : status["reason"].text
        let conditions = status["conditions"].items
        if conditions.contains(where: { $0["type"].text == "PodScheduled" && $0["reason"].text == "SchedulingGated" }) {
            reason = "SchedulingGated"
        }
        let sidecars = Set(
            pod["spec"]["initContainers"].items.filter { $0["restartPolicy"].text == "Always" }.map { $0["name"].text })
        total = pod["spec"]["containers"].items.count + sidecars.count

        let initializing = readInitContainers(
            status["initContainerStatuses"].items, sidecars, of: pod["spec"]["initContainers"].items.count)
        let initialized = conditions.contains { $0["type"].text == "Initialized" && $0["status"].text == "True" }
        if initializing == false || initialized {
            keepRestarts(of: status["initContainerStatuses"].items.filter { sidecars.contains($0["name"].text) })
            let isReady = conditions.contains { $0["type"].text == "Ready" && $0["status"].text == "True" }
            readContainers(status["containerStatuses"].items, isReady: isReady)
        }
        if pod["metadata"]["deletionTimestamp"].isSet {
            if status["reason"].text == "NodeLost" {
                reason = "Unknown"
            } else if phase != "Failed" && phase != "Succeeded" {
                reason = "Terminating"
            }
        }
    }

    /// Reads the init containers up to the first that isn't done; tells whether there is one.
    private mutating func readInitContainers(_ statuses: [JSON], _ sidecars: Set<String>, of count: Int) -> Bool {
        for (index, status) in statuses.enumerated() {
            addRestarts(of: status)
            let ended = status["state"]["terminated"]
            if ended.isSet, ended["exitCode"].int ?? 0 == 0 { continue }
            if sidecars.contains(status["name"].text), status["started"].isTrue {
                if status["ready"].isTrue { ready += 1 }
                continue
            }
            let waiting = status["state"]["waiting"]["reason"].text
            if ended.isSet {
                reason = "Init:" + Self.reason(ofEnd: ended)
            } else if waiting.isEmpty == false, waiting != "PodInitializing" {
                reason = "Init:" + waiting
            } else {
                reason = "Init:\(index)/\(count)"
            }
            return true
        }
        return false
    }

    private mutating func readContainers(_ statuses: [JSON], isReady: Bool) {
        var isRunning = false
        for status in statuses.reversed() {
            addRestarts(of: status)
            let waiting = status["state"]["waiting"]["reason"].text
            if waiting.isEmpty == false {
                reason = waiting
            } else if status["state"]["terminated"].isSet {
                reason = Self.reason(ofEnd: status["state"]["terminated"])
            } else if status["ready"].isTrue, status["state"]["running"].isSet {
                isRunning = true
                ready += 1
            }
        }
        if reason == "Completed", isRunning { reason = isReady ? "Running" : "NotReady" }
    }

    /// Once the pod is initialized, only containers that still run count.
    private mutating func keepRestarts(of statuses: [JSON]) {
        restarts = 0
        lastRestart = nil
        for status in statuses { addRestarts(of: status) }
    }

    private mutating func addRestarts(of status: JSON) {
        restarts &+= status["restartCount"].int ?? 0
        if let ended = Timestamp(status["lastState"]["terminated"]["finishedAt"]) {
            lastRestart = max(lastRestart ?? ended, ended)
        }
    }

    private static func reason(ofEnd ended: JSON) -> String {
        let reason = ended["reason"].text
        if reason.isEmpty == false { return reason }
        if let signal = ended["signal"].int, signal != 0 { return "Signal:\(signal)" }
        return "ExitCode:\(ended["exitCode"].int ?? 0)"
    }
}
