internal import PintleInterfaces
internal import PintleObjects

extension PodWorker {
    /// A running container's log stopped or went on: says so in an event.
    func noteLog(_ event: RuntimeEvent) {
        guard let container = event.container, container.state == .running else { return }
        let before = view.current(container.name)
        guard before?.id == container.id, before?.message != container.message else { return }
        let path = PodContainer.fieldPath(container.name, in: pod)
        if container.message.isEmpty {
            context.events.record(pod, .normal, "LogResumed", "The container's log is written again", fieldPath: path)
        } else {
            context.events.record(
                pod, .warning, "LogStopped", "\(container.message); its writes wait until there is room",
                fieldPath: path)
        }
    }
}

extension PodStatus {
    private static let beginning = "container "

    /// What the pod's status says of a log that can't be written; empty when an earlier message is no longer true, nil
    /// when there is nothing to say.
    var logMessage: String? {
        let running = view.containers.values.compactMap(\.first).filter { $0.state == .running && !$0.message.isEmpty }
        if let container = running.min(by: { $0.name < $1.name }) {
            return "\(Self.beginning)\(container.name): \(container.message)"
        }
        let old = pod["status"]["message"].string ?? ""
        return old.hasPrefix(Self.beginning) && old.contains("log can't be written") ? "" : nil
    }
}
