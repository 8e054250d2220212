internal import PintleClient
internal import PintleInterfaces
internal import PintleObjects

/// Keeps one pod as its spec says. One task, woken by changes of the pod and by events of the runtime; it sleeps
/// otherwise. A driver call that hangs holds up this pod only.
actor PodWorker {
    let context: PodContext
    let identity: PodIdentity
    /// The pod as the API has it.
    var pod: JSON
    var view: PodView
    /// Where each volume is, by name; nil until they are published.
    var volumes: [String: String]?
    var podIPs: [String] = []
    var waiting: [String: PodStatus.Waiting] = [:]
    var backoffs: [String: Backoff] = [:]
    /// When a container that could not be started is tried again, seconds since 1970.
    var retries: [String: Double] = [:]
    /// The whole pod failed.
    var failure: PodStatus.Waiting?
    /// Gone from the API, or its deletion has been carried out.
    var gone = false
    private var dirty = false
    private var wake: CheckedContinuation<Void, Never>?
    private var timer: Task<Void, Never>?
    private var lastStatus: JSON?
    private var stopping: Stopping?

    /// A stop that is going on.
    private struct Stopping {
        var grace: Int64
        var task: Task<Void, Never>
    }

    init(_ context: PodContext, _ pod: JSON, view: PodView) {
        self.context = context
        self.pod = pod
        self.view = view
        identity = PodIdentity(pod)
        // Attempts so far stand for the failures so far.
        for (name, list) in view.containers {
            guard let current = list.first, current.attempt > 0 else { continue }
            backoffs[name] = Backoff(after: Int(current.attempt), at: Double(current.startedAtNs) / 1e9)
        }
    }

    /// The pod changed in the API.
    func update(_ new: JSON) {
        pod = new
        signal()
    }

    /// The pod is gone from the API.
    func deleted() {
        gone = true
        signal()
    }

    /// Something happened to one of its containers or its sandbox.
    func observe(_ event: RuntimeEvent) {
        if let container = event.container {
            if event.type == .containerRemoved { view.remove(container: container.id) } else { view.put(container) }
        }
        if let sandbox = event.sandbox { view.put(sandbox) }
        signal()
    }

    /// What the runtime lists now, after events were lost.
    func replace(_ new: PodView) {
        view = new.merging(view)
        signal()
    }

    func signal() {
        dirty = true
        wake?.resume()
        wake = nil
    }

    /// Works until the pod and everything of it is gone, or the task is cancelled.
    func run() async {
        signal()
        while !Task.isCancelled {
            await waitForWork()
            if Task.isCancelled { return }
            dirty = false
            if await sync() { return }
        }
    }

    func cancel() {
        timer?.cancel()
        signal()
    }

    private func waitForWork() async {
        guard !dirty else { return }
        await withCheckedContinuation { wake = $0 }
    }

    func wakeAfter(_ seconds: Double) {
        timer?.cancel()
        timer = Task { [weak self] in
            try? await Task.sleep(for: .seconds(max(0.01, seconds)))
            guard !Task.isCancelled else { return }
            await self?.signal()
        }
    }

    /// One round.
    ///
    /// True when there is nothing left to do for this pod, ever.
    private func sync() async -> Bool {
        do {
            if gone || !pod["metadata"]["deletionTimestamp"].isNull {
                return try await end()
            }
            try await advance()
        } catch {
            context.events.record(pod, .warning, error.reason, error.message)
            wakeAfter(10)
            await report()
        }
        return false
    }

    /// Brings the pod down.
    ///
    /// True when it is gone.
    private func end() async throws(PodFault) -> Bool {
        let grace =
            gone
            ? 0
            : pod["metadata"]["deletionGracePeriodSeconds"].int ?? pod["spec"]["terminationGracePeriodSeconds"].int
                ?? 30
        let running = view.running
        if !running.isEmpty {
            if let current = stopping, current.grace <= grace { return false }
            stopping?.task.cancel()
            let task = Task { [weak self] in
                await self?.stop(running, grace: grace)
                await self?.stopped()
            }
            stopping = Stopping(grace: grace, task: task)
            return false
        }
        try await tearDown(removeContainers: true)
        if !gone {
            do {
                await report(force: true)
                try await context.client.delete(
                    .pods, namespace: identity.namespace, name: identity.name, gracePeriodSeconds: 0, uid: identity.uid)
            } catch {
                // 404 and 409 say that it is gone already, or another pod of the same name is there.
                guard error.code == 404 || error.code == 409 else { throw PodFault("FailedKillPod", error.message) }
            }
        }
        return true
    }

    private func stopped() {
        stopping = nil
        signal()
    }

    private func stop(_ containers: [RuntimeContainerStatus], grace: Int64) async {
        await withTaskGroup(of: Void.self) { group in
            for container in containers {
                context.events.record(
                    pod, .normal, "Killing", "Stopping container \(container.name)",
                    fieldPath: Self.fieldPath(container.name))
                group.addTask { [context] in
                    var request = RuntimeStopContainerRequest()
                    request.id = container.id
                    request.graceNs = UInt64(max(0, grace)) * 1_000_000_000
                    do {
                        try await context.runtime.stopContainer(request, timeout: .seconds(grace + 30))
                    } catch {
                        context.log("stopping container \(container.id): \(error)")
                    }
                }
            }
        }
        await refresh()
    }

    /// What the runtime says now, for when events may lag behind.
    func refresh() async {
        var sandboxes = RuntimeSandboxFilter()
        sandboxes.labels = ["io.kubernetes.pod.uid": identity.uid]
        var containers = RuntimeContainerFilter()
        containers.labels = sandboxes.labels
        if let found = try? await context.runtime.listSandboxes(sandboxes),
            let all = try? await context.runtime.listContainers(containers)
        {
            view = PodView(sandboxes: found, containers: all).merging(view)
        }
    }

    /// Takes sandbox, network and volumes away; containers too when they are not needed for logs any more.
    func tearDown(removeContainers: Bool) async throws(PodFault) {
        let network = PodNetwork(networks: context.networks, identity: identity)
        for sandbox in view.sandboxes {
            var ref = RuntimeSandboxRef()
            ref.id = sandbox.id
            do {
                if sandbox.state == .ready { try await context.runtime.stopSandbox(ref) }
            } catch { throw PodFault("FailedKillPod", "error killing pod: \(error.message)") }
            if pod["spec"]["hostNetwork"].bool != true { try await network.detach(sandbox: sandbox.id) }
        }
        await refresh()
        guard removeContainers else { return }
        await report(force: true)
        // Containers first, so that the ledger sees each of them go.
        for container in view.containers.values.flatMap({ $0 }) {
            var ref = RuntimeContainerRef()
            ref.id = container.id
            do { try await context.runtime.removeContainer(ref) } catch {
                throw PodFault("FailedKillPod", "error removing container: \(error.message)")
            }
        }
        for sandbox in view.sandboxes {
            var ref = RuntimeSandboxRef()
            ref.id = sandbox.id
            do { try await context.runtime.removeSandbox(ref) } catch {
                throw PodFault("FailedKillPod", "error removing pod sandbox: \(error.message)")
            }
        }
        view = PodView()
        try await PodVolumes(storage: context.storage, settings: context.settings, identity: identity).unpublish()
        let files = PodFiles(directory: context.settings.podDirectory(identity.uid), pod: pod, identity: identity)
        let logs = "\(context.settings.logDirectory)/\(identity.logFolder)"
        await BlockingWork.run {
            files.remove()
            PodLogFolder.remove(logs)
        }
    }

    /// Writes the pod's status when it differs from what was written last.
    func report(force: Bool = false) async {
        if view.sandboxes.isEmpty, gone { return }
        let status = PodStatus(
            pod: pod, view: view, waiting: waiting, podIPs: podIPs, hostIPs: context.hostIPs, now: .now,
            failure: failure
        ).build()
        guard status != lastStatus || force else { return }
        let uid = identity.uid
        do {
            let written = try await context.client.update(
                .pods, namespace: identity.namespace, name: identity.name, subresource: "status"
            ) { (object: inout JSON) throws(StatusError) -> Bool in
                guard object["metadata"]["uid"].string == uid else { return false }
                var merged = object["status"].object ?? JSONObject()
                for (key, value) in status.object?.members ?? [] { merged[key] = value }
                guard JSON.object(merged) != object["status"] else { return false }
                object["status"] = .object(merged)
                return true
            }
            lastStatus = status
            if let written, written["metadata"]["uid"].string == uid { pod["status"] = written["status"] }
        } catch {
            if error.code != 404 {
                context.log("status of pod \(identity.namespace)/\(identity.name): \(error.message)")
            }
        }
    }

    static func fieldPath(_ container: String) -> String { "spec.containers{\(container)}" }
}
