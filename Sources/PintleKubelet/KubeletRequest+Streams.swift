internal import PintleClient
internal import PintleHTTP
internal import PintleNode
internal import PintleObjects
internal import PintleServer

extension KubeletRequest {
    /// Finds the container that `NAMESPACE/POD/CONTAINER` or `NAMESPACE/POD/UID/CONTAINER` names.
    private func target(_ parts: [String], withContainer: Bool = true) async throws(StatusError) -> ContainerTarget {
        let names = Array(parts.dropFirst())
        let least = withContainer ? 3 : 2
        guard names.count == least || names.count == least + 1 else {
            throw StatusError(code: 404, reason: "NotFound", message: "404 page not found")
        }
        let pod = await agent.pods().first { pod in
            let metadata = pod["metadata"]
            return metadata["namespace"].string == names[0] && metadata["name"].string == names[1]
                && (names.count == least || metadata["uid"].string == names[2])
        }
        guard let pod else {
            throw StatusError(code: 404, reason: "NotFound", message: "pod \"\(names[1])\" does not exist")
        }
        let container = withContainer ? names[names.count - 1] : ""
        let all = ["initContainers", "containers", "ephemeralContainers"].flatMap { pod["spec"][$0].array ?? [] }
        guard !withContainer || all.contains(where: { $0["name"].string == container }) else {
            throw StatusError(
                code: 404, reason: "NotFound", message: "container \"\(container)\" not found in pod \"\(names[1])\"")
        }
        return ContainerTarget(
            namespace: names[0], pod: names[1], uid: pod["metadata"]["uid"].string ?? "", container: container)
    }

    private func failing(_ body: @escaping @Sendable () async throws(StatusError) -> Void) {
        Task {
            do throws(StatusError) { try await body() } catch {
                send(.text(error.message + "\n", status: error.code))
            }
        }
    }

    /// Answers `/containerLogs/NAMESPACE/POD/CONTAINER`.
    func log(_ parts: [String]) {
        guard request.method == "GET" else { return send(.text("405: Method Not Allowed", status: 405)) }
        failing { () async throws(StatusError) in
            let options = try LogOptions { request.queryValue($0) }
            let target = try await target(parts)
            let answer = LogAnswer(request, exchange, follows: options.follow)
            let work = Task { await answer.run(agent, target, options) }
            exchange.onClose { work.cancel() }
        }
    }

    /// Answers `/exec/…` and `/attach/…`.
    ///
    /// The streams are named `input`, `output`, `error` here, or as in the API.
    func command(_ parts: [String]) {
        guard request.method == "GET" || request.method == "POST" else {
            return send(.text("405: Method Not Allowed", status: 405))
        }
        func flag(_ first: String, _ second: String) -> Bool { queryFlag(request, first) || queryFlag(request, second) }
        let wanted = RemoteCommandStreams(
            stdin: flag("input", "stdin"), stdout: flag("output", "stdout"), stderr: flag("error", "stderr"),
            tty: queryFlag(request, "tty"))
        guard wanted.stdin || wanted.stdout || wanted.stderr else {
            return send(.text("you must specify at least 1 of stdin, stdout, stderr\n", status: 400))
        }
        let command = parts.first == "exec" ? request.queryValues("command") : nil
        if let command, command.isEmpty {
            return send(.text("you must specify at least one command for the container\n", status: 400))
        }
        failing { () async throws(StatusError) in
            let target = try await target(parts)
            let session = CommandSession(request: request, exchange: exchange, streams: agent, target: target)
            await session.run(wanted, command: command)
        }
    }

    /// Answers `/portForward/NAMESPACE/POD`.
    func portForward(_ parts: [String]) {
        guard request.method == "GET" || request.method == "POST" else {
            return send(.text("405: Method Not Allowed", status: 405))
        }
        failing { () async throws(StatusError) in
            let target = try await target(parts, withContainer: false)
            do throws(StreamUpgradeError) {
                try await exchange.upgradeToPortForward(request) { port in
                    try await agent.portForward(
                        namespace: target.namespace, pod: target.pod, uid: target.uid, port: port)
                }
            } catch {
                if error.isAnswerable { send(.text(error.message + "\n", status: error.status)) }
            }
        }
    }

    /// Answers `/checkpoint/NAMESPACE/POD/CONTAINER`.
    func checkpoint(_ parts: [String]) {
        guard request.method == "POST" else { return send(.text("405: Method Not Allowed", status: 405)) }
        failing { () async throws(StatusError) in
            let target = try await target(parts)
            throw StatusError(
                code: 501, reason: "NotImplemented",
                message: "checkpointing of \(target.namespace)/\(target.pod)/\(target.container) failed "
                    + "(this runtime cannot checkpoint containers)")
        }
    }
}
