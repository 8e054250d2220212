internal import PintleInterfaces
internal import PintleProbes

/// Commands that the node agent runs in containers for probes and hooks.
struct ExecCheck: Sendable {
    /// How much of a command's output is kept; the rest is read and thrown away.
    static let outputLimit = 10 * 1024

    let runtime: any RuntimeService

    /// How a command ended.
    enum Result: Sendable, Hashable {
        case exited(Int32, output: String)
        case timedOut
        /// It was not started, or nobody knows how it ended.
        case failed(String)
    }

    /// Runs a command.
    ///
    /// It is killed when its time is over and when the task is cancelled.
    ///
    /// - Parameters:
    ///   - container: The container's id.
    ///   - command: Program and arguments.
    ///   - timeout: nil means a year.
    /// - Returns: How it ended.
    func run(_ container: String, _ command: [String], timeout: Duration?) async -> Result {
        guard let output = OutputPipe(limit: Self.outputLimit) else {
            return .failed("the node has no descriptors left for the command's output")
        }
        var request = RuntimeExecRequest()
        request.containerId = container
        request.sessionId = "probe-\(String(UInt64.random(in: 0...UInt64.max), radix: 16))"
        request.command = command
        request.stdoutFd = output.writeEnd
        request.stderrFd = output.writeEnd
        do throws(DriverError) {
            let result = try await runtime.exec(request, timeout: timeout ?? .seconds(365 * 86_400))
            return .exited(result.exitCode, output: await output.finish())
        } catch {
            _ = await output.finish()
            return error.code == .deadline ? .timedOut : .failed(error.message)
        }
    }

    /// The outcome of a probe with this command.
    func probe(_ container: String, _ command: [String], _ seconds: Int64) async -> ProbeOutcome {
        switch await run(container, command, timeout: .seconds(seconds)) {
        case .exited(0, _): return .success
        case .exited(_, let output): return .failure(output)
        case .timedOut:
            return .failure("command timed out: \"\(command.joined(separator: " "))\" timed out after \(seconds)s")
        case .failed(let why): return .error(why)
        }
    }
}
