internal import Glibc
public import PintleClient
internal import PintleInterfaces
public import PintleObjects

/// Logs, exec, attach and port-forward for the API server, over the runtime driver.
extension NodeAgent: PodStreams {
    /// Runs a program in a container that runs, and waits for its end; see ``PodStreams``.
    public func exec(
        _ target: ContainerTarget, command: [String], tty: Bool, streams: StandardStreams
    ) async throws(StatusError) -> Int32 {
        defer { streams.closeAll() }
        var request = RuntimeExecRequest()
        request.containerId = try await running(target).id
        request.sessionId = Self.session()
        request.command = command
        request.tty = tty
        request.stdinFd = streams.stdin ?? 0
        request.stdoutFd = streams.stdout ?? 0
        request.stderrFd = streams.stderr ?? 0
        let session = request
        return try await withResizes(streams, container: session.containerId, session: session.sessionId) {
            [context] () throws(StatusError) in
            do throws(DriverError) {
                return try await context.runtime.exec(session, timeout: .seconds(365 * 86400)).exitCode
            } catch {
                if error.code == .invalid {
                    throw StatusError.internalError("error executing command in container: \(error.message)")
                }
                throw StatusError.internalError(error.description)
            }
        }
    }

    /// Connects a client to a container's first process; see ``PodStreams``.
    public func attach(_ target: ContainerTarget, tty: Bool, streams: StandardStreams) async throws(StatusError) {
        defer { streams.closeAll() }
        var request = RuntimeAttachRequest()
        request.containerId = try await running(target).id
        request.sessionId = Self.session()
        request.stdinFd = streams.stdin ?? 0
        request.stdoutFd = streams.stdout ?? 0
        request.stderrFd = streams.stderr ?? 0
        let session = request
        _ = try await withResizes(streams, container: session.containerId, session: "") {
            [context] () throws(StatusError) in
            do throws(DriverError) { try await context.runtime.attach(session, timeout: .seconds(365 * 86400)) } catch {
                throw StatusError.internalError(error.description)
            }
            return 0
        }
    }

    /// Connects to a port on a pod's loopback address; see ``PodStreams``.
    public func portForward(namespace: String, pod: String, uid: String, port: Int) async throws(StatusError) -> Int32 {
        var filter = RuntimeSandboxFilter()
        filter.labels = ["io.kubernetes.pod.uid": mirrors.resolve(uid)]
        filter.hasState = true
        filter.state = .ready
        do {
            guard let sandbox = try await context.runtime.listSandboxes(filter).first else {
                throw StatusError.internalError("pod \(pod) has no running sandbox")
            }
            var request = RuntimePortForwardRequest()
            request.sandboxId = sandbox.id
            request.port = Int32(clamping: port)
            return try await context.runtime.portForward(request).socketFd
        } catch let error as StatusError {
            throw error
        } catch {
            throw StatusError.internalError("\((error as? DriverError)?.message ?? "\(error)")")
        }
    }

    func containers(_ target: ContainerTarget) async throws(StatusError) -> [RuntimeContainerStatus] {
        var filter = RuntimeContainerFilter()
        filter.labels = [
            "io.kubernetes.pod.uid": mirrors.resolve(target.uid), "io.kubernetes.container.name": target.container,
        ]
        do {
            return try await context.runtime.listContainers(filter).sorted { $0.attempt > $1.attempt }
        } catch {
            throw StatusError.internalError(error.description)
        }
    }

    private func running(_ target: ContainerTarget) async throws(StatusError) -> RuntimeContainerStatus {
        guard let container = try await containers(target).first(where: { $0.state == .running }) else {
            throw StatusError.internalError(
                "unable to upgrade connection: container not found (\"\(target.container)\")")
        }
        return container
    }

    private func withResizes(
        _ streams: StandardStreams, container: String, session: String,
        _ body: @escaping @Sendable () async throws(StatusError) -> Int32
    ) async throws(StatusError) -> Int32 {
        let resizes = Task { [context] in
            for await size in streams.resizes {
                var request = RuntimeResizeTtyRequest()
                request.containerId = container
                request.sessionId = session
                request.width = Int32(clamping: size.width)
                request.height = Int32(clamping: size.height)
                // The first size may come before the session's terminal is there.
                for _ in 0..<40 where !Task.isCancelled {
                    do throws(DriverError) {
                        try await context.runtime.resizeTty(request)
                        break
                    } catch {
                        guard error.code == .notFound || error.code == .conflict || error.code == .invalid else {
                            break
                        }
                        try? await Task.sleep(for: .milliseconds(25))
                    }
                }
            }
        }
        defer { resizes.cancel() }
        return try await body()
    }

    private static func session() -> String { String(UInt64.random(in: 0...UInt64.max), radix: 16) }
}

extension StandardStreams {
    fileprivate func closeAll() {
        for descriptor in Set([stdin, stdout, stderr].compactMap { $0 }) where descriptor > 0 { close(descriptor) }
    }
}
