import NIOCore
import PintleClient
import PintleHTTP
import PintleKinds
import PintleObjects
import PintleStore

extension ResourceRequest {
    // MARK: Streams

    /// - Throws: 503 while no node agent has been connected.
    private func requireStreams() throws(StatusError) -> any PodStreams {
        guard let streams else { throw .serviceUnavailable("no node agent serves this pod yet") }
        return streams
    }

    private func target() throws(StatusError) -> PodTarget {
        PodTarget(try writer.find(kind, namespace: namespace, name: info.name))
    }

    func log() throws(StatusError) {
        let options = try LogOptions { request.queryValue($0) }
        let target = try target()
        let container = try target.container(request.queryValue("container"))
        let answer = LogAnswer(request, exchange, follows: options.follow)
        guard !target.node.isEmpty else {
            // Nothing has run, so there is nothing to tell; Kubernetes answers the same.
            Response(text: "").send(to: exchange)
            return
        }
        let streams = try requireStreams()
        let work = Task { await answer.run(streams, container, options) }
        exchange.onClose { work.cancel() }
    }

    func command() throws(StatusError) {
        let wanted = RemoteCommandStreams(
            stdin: queryFlag(request, "stdin"), stdout: queryFlag(request, "stdout"),
            stderr: queryFlag(request, "stderr"), tty: queryFlag(request, "tty"))
        let isExec = info.subresource == "exec"
        let command = request.queryValues("command")
        if isExec, command.isEmpty || command[0].isEmpty {
            throw .badRequest("you must specify at least one command for the container")
        }
        guard wanted.stdin || wanted.stdout || wanted.stderr else {
            throw .badRequest("you must specify at least 1 of stdin, stdout, stderr")
        }
        let target = try target()
        let container = try target.container(request.queryValue("container"))
        try target.requireNode()
        if target.phase == "Succeeded" || target.phase == "Failed" {
            throw .badRequest(
                "cannot exec into a container in a completed pod; current phase is \(target.phase)")
        }
        let session = CommandSession(
            request: request, exchange: exchange, streams: try requireStreams(), target: container)
        Task { await session.run(wanted, command: isExec ? command : nil) }
    }

    func portForward() throws(StatusError) {
        let target = try target()
        try target.requireNode()
        let streams = try requireStreams()
        Task {
            do throws(StreamUpgradeError) {
                try await exchange.upgradeToPortForward(request) { port in
                    try await streams.portForward(
                        namespace: target.namespace, pod: target.name, uid: target.uid, port: port)
                }
            } catch {
                if error.isAnswerable { Response(error.statusError).send(to: exchange) }
            }
        }
    }

    // MARK: Binding and eviction

    /// `pod`: The name of the path; `nil` when the body alone names the pod.
    func bind(pod: String?) async throws(StatusError) -> Response {
        let options = try WriteOptions(request, kind: "CreateOptions")
        let bindings = try operations.kinds.find(Resource(group: "", version: "v1", plural: "bindings"))
        let (body, duplicates) = try RequestBody.parse(request, schema: bindings.schema)
        let binding = try bindings.decode(body, duplicates: duplicates, validation: options.fieldValidation)
        let given = binding.object["metadata"]["name"].string ?? ""
        let name = pod ?? given
        if !given.isEmpty, given != name { throw .badRequest("name in URL does not match name in Binding object") }
        let faults = bindings.strategy.validate(binding.object)
        if !faults.isEmpty { throw bindings.invalid(name, faults) }
        try await writer.bind(
            operations.kinds.find(.pods), namespace: info.namespace, pod: name, binding.object,
            isDryRun: options.isDryRun)
        var response = Response(status: 201, Self.success, form: try OutputForm(request))
        response.warnings = binding.warnings
        return response
    }

    /// Deletes the pod as the eviction's options say; nothing guards pods against it in this version.
    func evict() async throws(StatusError) -> Response {
        let options = try WriteOptions(request, kind: "CreateOptions")
        let schema = Schema.builtIn(group: "policy", version: "v1", kind: "Eviction")
        let body = try RequestBody.parse(request, schema: schema).value
        if let name = body["metadata"]["name"].string, !name.isEmpty, name != info.name {
            throw .badRequest("name in URL does not match name in Eviction object: \(name)")
        }
        let wanted = body["deleteOptions"]
        var deletion = wanted.isNull ? DeleteOptions() : try DeleteOptions(body: wanted)
        deletion.isDryRun = deletion.isDryRun || options.isDryRun
        _ = try await writer.delete(kind, namespace: namespace, name: info.name, deletion)
        return Response(status: 201, Self.success, form: try OutputForm(request))
    }

    private static let success: JSON = [
        "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "code": 201,
    ]
}
