internal import PintleObjects
internal import PintleProbes

/// Runs the handlers of lifecycle hooks.
struct HookRunner: Sendable {
    /// Runs a command in a container, named by its id.
    let exec: @Sendable (_ container: String, _ command: [String], _ timeout: Duration?) async -> ExecCheck.Result
    /// Records an event of a pod: its type, reason, message and field path.
    let record: @Sendable (JSON, EventRecorder.EventType, String, String, String) -> Void

    init(context: PodContext) {
        let check = ExecCheck(runtime: context.runtime)
        self.init(
            exec: { await check.run($0, $1, timeout: $2) },
            record: { pod, type, reason, message, path in
                context.events.record(pod, type, reason, message, fieldPath: path)
            })
    }

    init(
        exec: @escaping @Sendable (String, [String], Duration?) async -> ExecCheck.Result,
        record: @escaping @Sendable (JSON, EventRecorder.EventType, String, String, String) -> Void
    ) {
        self.exec = exec
        self.record = record
    }

    /// How a hook ended.
    enum Result: Sendable, Hashable {
        /// It is done.
        case success
        /// It failed: what a kubelet says of it.
        ///
        /// For `postStart` this is the message beside the reason `PostStartHookError`.
        case failure(String)
        /// It was not done when its time was over; a command has been killed.
        case timedOut
    }

    /// Runs a hook and waits for its end.
    ///
    /// A cancelled task ends it early: a command is killed, anything else is no longer waited for. Never blocks a thread.
    ///
    /// - Parameters:
    ///   - handler: `lifecycle.postStart` or `lifecycle.preStop`, with one of `exec`, `httpGet`, `tcpSocket`, `sleep`.
    ///   - container: The container's spec.
    ///   - containerID: The runtime's id.
    ///   - pod: The container's pod.
    ///   - podIP: Its first address.
    ///   - timeout: What is left of the grace period; nil means that it may take as long as it likes.
    /// - Returns: How it ended.
    func run(
        handler: JSON, container: JSON, containerID: String, pod: JSON, podIP: String, timeout: Duration?
    ) async -> Result {
        let name = container["name"].string ?? "", identity = PodIdentity(pod)
        let place =
            "for Container \"\(name)\" in Pod \"\(identity.name)_\(identity.namespace)(\(identity.uid))\" failed"
        if !handler["sleep"].isNull {
            return await sleep(handler["sleep"]["seconds"].int ?? 0, timeout)
        }
        // A kubelet accepts it and does nothing.
        if !handler["tcpSocket"].isNull { return .success }
        let check = ProbeTarget.check(
            handler, container: container, containerID: containerID, podIP: podIP, userAgent: "kube-lifecycle/1.36")
        switch check {
        case .exec(let id, let command):
            let list = "[\(command.joined(separator: " "))]"
            switch await exec(id, command, timeout) {
            case .exited(0, _): return .success
            case .exited(let code, let output):
                return .failure(
                    "Exec lifecycle hook (\(list)) \(place) - error: command '\(command.joined(separator: " "))' "
                        + "exited with \(code): \(output), message: \(Self.quoted(output))")
            case .timedOut: return .timedOut
            case .failed(let why):
                return .failure("Exec lifecycle hook (\(list)) \(place) - error: \(why), message: \"\"")
            }
        case .network(.http(let get)): return await http(get, place, pod, container, timeout)
        case .network: return .success
        case .impossible(let why): return .failure("Cannot run handler: \(why)")
        }
    }

    private func sleep(_ seconds: Int64, _ timeout: Duration?) async -> Result {
        let wanted = Duration.seconds(max(0, seconds))
        let allowed = timeout.map { min($0, wanted) } ?? wanted
        try? await Task.sleep(for: allowed)
        return allowed < wanted || Task.isCancelled ? .timedOut : .success
    }

    /// Any answer is a success; a server that speaks plain HTTP where HTTPS was asked for is asked again that way.
    private func http(
        _ get: HTTPCheck, _ place: String, _ pod: JSON, _ container: JSON, _ timeout: Duration?
    ) async -> Result {
        let end = ContinuousClock.now + (timeout ?? .seconds(365 * 86_400))
        var why = await ProbeLoop.next().answer(to: get, timeout: ContinuousClock.now.duration(to: end))
        if get.isSecure, why?.hasSuffix("http: server gave HTTP response to HTTPS client") == true {
            var plain = get
            plain.isSecure = false
            why = await ProbeLoop.next().answer(to: plain, timeout: ContinuousClock.now.duration(to: end))
            if why == nil {
                record(
                    pod, .warning, "LifecycleHTTPFallback",
                    "request to HTTPS lifecycle hook got HTTP response, retry with HTTP succeeded",
                    PodContainer.fieldPath(container["name"].string ?? "", in: pod))
            }
        }
        guard let why else { return .success }
        if why.contains("Client.Timeout exceeded") { return .timedOut }
        return .failure("HTTP lifecycle hook (\(get.path)) \(place) - error: \(why)")
    }

    private static func quoted(_ text: String) -> String {
        var out = "\""
        for character in text {
            switch character {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\t": out += "\\t"
            default: out.append(character)
            }
        }
        return out + "\""
    }
}
