internal import PintleHTTP
internal import PintleNode
internal import PintleObjects
internal import PintleServer

/// One request of the kubelet's API whose caller is allowed.
struct KubeletRequest: Sendable {
    let request: HTTPRequest
    let exchange: HTTPExchange
    let agent: NodeAgent

    func answer() {
        guard let parts = pathSegments(request.path) else { return send(.text("400 Bad Request\n", status: 400)) }
        switch parts.first {
        case "containerLogs": return log(parts)
        case "exec", "attach": return command(parts)
        case "portForward": return portForward(parts)
        case "checkpoint": return checkpoint(parts)
        default: break
        }
        guard request.method == "GET" || request.method == "HEAD" else {
            return send(known(parts) ? .text("405: Method Not Allowed", status: 405) : .pageNotFound)
        }
        switch parts.joined(separator: "/") {
        case "healthz", "healthz/ping", "healthz/log", "healthz/syncloop", "livez", "readyz":
            send(.text("ok"))
        case "configz": send(.json(agent.configuration))
        case "pods": inTask { () async throws(StatusError) in .json(Self.list(await agent.pods())) }
        case "runningpods":
            inTask { () async throws(StatusError) in .json(Self.list(try await agent.runningPods())) }
        case "stats/summary":
            let only = request.queryValue("only_cpu_and_memory") == "true"
            inTask { () async throws(StatusError) in .json(try await agent.summary(onlyCPUAndMemory: only)) }
        case "metrics": inTask { () async throws(StatusError) in .metrics(try await agent.kubeletMetrics()) }
        case "metrics/cadvisor": inTask { () async throws(StatusError) in .metrics(try await agent.advisorMetrics()) }
        case "metrics/resource": inTask { () async throws(StatusError) in .metrics(await agent.resourceMetrics()) }
        case "metrics/probes": inTask { () async throws(StatusError) in .metrics(await agent.probeMetrics()) }
        default: send(.pageNotFound)
        }
    }

    private func known(_ parts: [String]) -> Bool {
        ["healthz", "livez", "readyz", "configz", "pods", "runningpods", "stats", "metrics"].contains(parts.first)
    }

    private static func list(_ pods: [JSON]) -> JSON {
        ["kind": "PodList", "apiVersion": "v1", "metadata": [:], "items": .array(pods)]
    }

    func send(_ answer: KubeletAnswer) { answer.send(exchange) }

    private func inTask(_ body: @escaping @Sendable () async throws(StatusError) -> KubeletAnswer) {
        Task {
            do throws(StatusError) { send(try await body()) } catch {
                send(.text(error.message + "\n", status: error.code))
            }
        }
    }
}
