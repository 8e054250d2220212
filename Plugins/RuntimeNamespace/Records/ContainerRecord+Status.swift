import PintleInterfaces
import PintleSystem

extension ContainerRecord {
    /// What the host is told.
    var status: RuntimeContainerStatus {
        var status = RuntimeContainerStatus()
        status.id = id
        status.sandboxId = sandboxID
        status.name = name
        status.attempt = attempt
        status.state = state
        status.createdAtNs = createdAt
        status.startedAtNs = startedAt
        status.finishedAtNs = finishedAt
        status.exitCode = exitCode
        status.signal = signal
        status.image = image
        status.imageId = imageID
        status.imageRef = imageRef
        status.reason = reason
        status.message = state == .running && !logTrouble.isEmpty ? logTrouble : message
        status.labels = labels
        status.annotations = annotations
        status.mounts = mounts
        status.logPath = logPath
        status.resources = resources
        status.stopSignal = SignalName.text(stopSignal)
        status.pid = state == .running ? Int64(pid) : 0
        if let user {
            var shown = RuntimeContainerUser()
            shown.uid = Int64(user.uid)
            shown.gid = Int64(user.gid)
            shown.supplementalGroups = user.groups.map(Int64.init)
            status.user = shown
        }
        return status
    }

    /// Its program runs.
    mutating func begin(_ report: InfraReport) {
        state = .running
        startedAt = report.startedAt
        pid = report.pid
        user = User(uid: report.uid, gid: report.gid, groups: report.groups)
    }

    /// It has ended, as the infra process tells.
    mutating func end(_ report: InfraReport) {
        if startedAt == 0 { begin(report) }
        state = .exited
        pid = 0
        finishedAt = report.finishedAt
        exitCode = report.exitCode
        signal = report.signal
        if report.exitCode == 0 {
            reason = "Completed"
        } else if report.oomKills > 0 {
            reason = "OOMKilled"
        } else {
            reason = "Error"
        }
    }

    /// Its program could not be started.
    mutating func fail(exitCode: Int32, message: String) {
        state = .exited
        finishedAt = Moment.wall
        self.exitCode = exitCode
        reason = "StartError"
        self.message = message
    }

    /// It has ended, and nobody was there to see how.
    mutating func lose(message: String) {
        state = .exited
        pid = 0
        finishedAt = Moment.wall
        exitCode = 137
        reason = "ContainerStatusUnknown"
        self.message = message
    }
}
