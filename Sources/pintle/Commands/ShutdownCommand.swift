internal import ArgumentParser
internal import PintleObjects

/// `pintle shutdown`.
struct ShutdownCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shutdown",
        abstract: "Ends the pods of a running node in the order of their priority, before the machine goes down.",
        discussion: """
            The node takes no further pod and tells that it is not ready. How much time pods have is told by \
            node.shutdownGracePeriod, node.shutdownGracePeriodCriticalPods or node.shutdownGracePeriodByPodPriority. \
            pintle itself goes on until it is stopped; nothing announces the machine's shutdown to it, so let the \
            service manager run this command first.
            """)

    @OptionGroup var node: NodeOptions

    func run() async throws {
        let path = NodeDirectory.absolute(node.dataDir)
        guard NodeDirectory.holder(path) != nil else { throw Failure("no pintle runs with the data directory \(path)") }
        try await ControlClient.run(["operation": "shutdown"], node)
    }
}
