internal import PintleInterfaces
internal import PintleObjects

extension PodWorker {
    /// Something that the pod refers to changed: whatever waits for it is tried again at once.
    func contentsChanged() {
        let waiting = waiting.filter { $0.value.reason == "CreateContainerConfigError" }.keys
        for name in waiting { retries[name] = nil }
        if !waiting.isEmpty || volumes == nil { signal() }
    }

    /// The request that creates a container, with its variables and the parts of volumes that it mounts.
    ///
    /// - Throws: ``PodFault`` with reason `CreateContainerConfigError` for what is missing or can't be done.
    func request(
        _ container: PodContainer, _ attempt: Int32, image: RuntimeImage, sandbox: String, volumes: [String: String],
        images: [String: String]
    ) async throws(PodFault) -> RuntimeCreateContainerRequest {
        await contents.prepare()
        // No wait from here to where the fault is noted, so that a change can't be missed in between.
        let environment = try contents.environment(container.spec, podIPs: podIPs)
        let parts = try await contents.subPaths(container.spec, environment, volumes)
        var builder = ContainerRequest(
            pod: pod, identity: identity, container: container.spec, settings: context.settings,
            memoryCapacity: context.memoryCapacity, volumes: volumes, parts: parts, environment: environment)
        builder.volumeImages = images
        builder.users = try await userRange()
        builder.target = container.spec["targetContainerName"].string.flatMap { view.current($0)?.id } ?? ""
        return try builder.make(sandbox: sandbox, attempt: attempt, image: image)
    }
}
