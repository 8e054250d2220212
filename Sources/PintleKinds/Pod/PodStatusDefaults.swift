import PintleObjects

/// What a pod's status always shows once it says anything about a condition or a container.
enum PodStatusDefaults {
    static func apply(to status: inout JSON) {
        status.editEach("conditions") { condition in
            for time in ["lastProbeTime", "lastTransitionTime"] { condition.setDefault(time, nil) }
        }
        for list in ["initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"] {
            status.editEach(list, applyContainer)
        }
    }

    private static func applyContainer(_ container: inout JSON) {
        for state in ["state", "lastState"] {
            container.setDefault(state, [:])
            container[state].edit("running") { $0.setDefault("startedAt", nil) }
            container[state].edit("terminated") { ended in
                ended.setDefault("exitCode", 0)
                for time in ["startedAt", "finishedAt"] { ended.setDefault(time, nil) }
            }
        }
        container.setDefault("ready", false)
        container.setDefault("restartCount", 0)
        for text in ["image", "imageID"] { container.setDefault(text, "") }
    }
}
