internal import PintleNodePolicy
internal import PintleObjects

/// Images that nobody needs any more, and who knows credentials.
extension NodeAgent {
    /// Looks every five minutes, as the kubelet does, until the task is cancelled.
    func collectImages() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(300))
            if !Task.isCancelled { await collector.collect(now: Self.monotonic()) }
        }
    }

    /// The credential providers of the configuration; what is wrong there is told in the log.
    static func providers(_ policy: ImagePolicy, _ log: @escaping @Sendable (String) -> Void) -> CredentialProviders? {
        guard !policy.credentialProviderConfig.isEmpty else { return nil }
        do {
            return try CredentialProviders(
                policy: policy, text: PodFiles.read(policy.credentialProviderConfig), log: log)
        } catch {
            log(error.message)
            return nil
        }
    }

    /// The node, as events refer to it.
    static func reference(_ name: String) -> JSON {
        ["apiVersion": "v1", "kind": "Node", "metadata": ["name": .string(name), "uid": .string(name)]]
    }
}
