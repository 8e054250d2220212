import PintleInterfaces

/// What the simulated runtime does not pretend.
extension SimulatedRuntime {
    static func missing(_ operation: String) -> DriverError {
        DriverError(
            .unsupported, driver: "simulated", operation: operation, "the simulated runtime has no \(operation)")
    }

    func updateRuntimeConfig(_: RuntimeConfig, timeout: Duration?) async throws(DriverError) {
        throw Self.missing("updateRuntimeConfig")
    }
    func updateSandbox(_: RuntimeUpdateSandboxRequest, timeout: Duration?) async throws(DriverError) {
        throw Self.missing("updateSandbox")
    }
    func updateContainer(_: RuntimeUpdateContainerRequest, timeout: Duration?) async throws(DriverError) {
        throw Self.missing("updateContainer")
    }
    func reopenLog(_: RuntimeContainerRef, timeout: Duration?) async throws(DriverError) {
        throw Self.missing("reopenLog")
    }
    func exec(_: RuntimeExecRequest, timeout: Duration?) async throws(DriverError) -> RuntimeExecResult {
        throw Self.missing("exec")
    }
    func attach(_: RuntimeAttachRequest, timeout: Duration?) async throws(DriverError) { throw Self.missing("attach") }
    func resizeTty(_: RuntimeResizeTtyRequest, timeout: Duration?) async throws(DriverError) {
        throw Self.missing("resizeTty")
    }
    func portForward(_: RuntimePortForwardRequest, timeout: Duration?) async throws(DriverError)
        -> RuntimePortForwardResult
    { throw Self.missing("portForward") }
    func containerStats(_: RuntimeContainerRef, timeout: Duration?) async throws(DriverError) -> RuntimeContainerStats {
        throw Self.missing("containerStats")
    }
    func sandboxStats(_: RuntimeSandboxRef, timeout: Duration?) async throws(DriverError) -> RuntimeSandboxStats {
        throw Self.missing("sandboxStats")
    }
    func listSandboxStats(_: RuntimeSandboxFilter, timeout: Duration?) async throws(DriverError)
        -> [RuntimeSandboxStats]
    { throw Self.missing("listSandboxStats") }
    func listMetricDescriptors(timeout: Duration?) async throws(DriverError) -> [RuntimeMetricDescriptor] {
        throw Self.missing("listMetricDescriptors")
    }
    func listSandboxMetrics(timeout: Duration?) async throws(DriverError) -> [RuntimeSandboxMetric] {
        throw Self.missing("listSandboxMetrics")
    }
    func checkpoint(_: RuntimeCheckpointRequest, timeout: Duration?) async throws(DriverError) {
        throw Self.missing("checkpoint")
    }
    func imageFsInfo(timeout: Duration?) async throws(DriverError) -> [RuntimeFilesystemUsage] {
        throw Self.missing("imageFsInfo")
    }
    func importImage(
        _: RuntimeImportImageRequest, timeout: Duration?, onItem: @escaping @Sendable (RuntimeImage) -> Bool
    ) async throws(DriverError) { throw Self.missing("importImage") }
    func buildImage(_: RuntimeBuildImageRequest, timeout: Duration?) async throws(DriverError) -> RuntimeImage {
        throw Self.missing("buildImage")
    }
}
