internal import PintleInterfaces
internal import PintleObjects

/// Temporary.
struct HookRunner: Sendable {
    let runtime: any RuntimeService
    func run(
        handler: JSON, container: JSON, containerID: String, pod: JSON, podIP: String, timeout: Double?
    ) async -> String? {
        if let seconds = handler["sleep"]["seconds"].int {
            try? await Task.sleep(for: .seconds(seconds))
            return nil
        }
        var request = RuntimeExecRequest()
        request.containerId = containerID
        request.sessionId = String(UInt64.random(in: 0...UInt64.max), radix: 16)
        request.command = (handler["exec"]["command"].array ?? []).compactMap(\.string)
        do {
            let code = try await runtime.exec(request, timeout: .seconds(timeout ?? 86400)).exitCode
            return code == 0 ? nil : "command failed with code \(code)"
        } catch { return "\(error)" }
    }
}
