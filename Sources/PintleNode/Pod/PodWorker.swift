internal import PintleClient
internal import PintleInterfaces
internal import PintleObjects

/// Keeps one pod as its spec says. One task, woken by changes of the pod and by events of the runtime; it sleeps
/// otherwise. A driver call that hangs holds up this pod only.
actor PodWorker {
    let context: PodContext
    let identity: PodIdentity
    let contents: PodContents
    /// The pod as the API has it.
    var pod: JSON
    var view: PodView
    /// Where each volume is, by name; nil until they are published.
    var volumes: [String: String]?
    var podIPs: [String] = []
    var waiting: [String: PodStatus.Waiting] = [:]
    var backoffs: [String: Backoff] = [:]
    /// Ids of running containers whose postStart hook is under way.
    var hooked: Set<String> = []
    /// What ended containers left as their last words, by container id.
    var messages: [String: String] = [:]
    /// Containers that are being ended, by id.
    var endings: [String: Ending] = [:]
    /// The conditions of a resize that is going on or waiting.
    var resize: [(type: String, reason: String, message: String)] = []
    /// Nil as long as no container has a probe.
    var probes: PodProbes?
    /// When a container that could not be started is tried again, seconds since 1970.
    var retries: [String: Double] = [:]
    /// The whole pod failed.
    var failure: PodStatus.Waiting?
    /// Gone from the API, or its deletion has been carried out.
    var gone = false
    private var dirty = false
    private var wake: CheckedContinuation<Void, Never>?
    private var timer: Task<Void, Never>?
    private var nextRound: Double?
    private var lastStatus: JSON?
    let changes = ChangeWaiters()

    init(_ context: PodContext, _ pod: JSON, view: PodView, failure: PodStatus.Waiting? = nil) {
        self.failure = failure
        self.context = context
        self.pod = pod
        self.view = view
        identity = PodIdentity(pod)
        contents = PodContents(context, pod)
        // Attempts so far stand for the failures so far.
        for (name, list) in view.containers {
            guard let current = list.first, current.attempt > 0 else { continue }
            backoffs[name] = Backoff(after: Int(current.attempt), at: Double(current.startedAtNs) / 1e9)
        }
    }

    /// The pod changed in the API.
    func update(_ new: JSON) {
        // The answer to a write of our own may have overtaken what the watch tells. Pods of files have no revision.
        if Self.revision(new) == 0 || Self.revision(new) >= Self.revision(pod) {
            pod = new
            contents.update(new)
        }
        signal()
    }

    /// Gone from the API, or to be deleted.
    var isEnding: Bool { gone || !pod["metadata"]["deletionTimestamp"].isNull }

    /// The pod is gone from the API.
    func deleted() {
        gone = true
        signal()
    }

    /// The pod has failed for a reason of the node's: what runs of it is ended, with so many seconds' grace.
    func fail(_ why: PodStatus.Waiting, grace: Int64) {
        failure = why
        endAll(grace: grace)
        signal()
    }

    /// Something happened to one of its containers or its sandbox.
    func observe(_ event: RuntimeEvent) {
        if event.type == .containerChanged { noteLog(event) }
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
        changes.tell()
    }

    /// Works until the pod and everything of it is gone, or the task is cancelled.
    func run() async {
        contents.begin { [weak self] in await self?.contentsChanged() }
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

    /// Asks for a round after so many seconds, if none comes earlier.
    func wakeAfter(_ seconds: Double) { nextRound = min(nextRound ?? .infinity, seconds) }

    private func setTimer() {
        timer?.cancel()
        timer = nil
        guard let seconds = nextRound else { return }
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
        nextRound = nil
        defer { setTimer() }
        do {
            if isEnding { return try await end() }
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
        let grace = gone ? 0 : pod["metadata"]["deletionGracePeriodSeconds"].int ?? ownGrace
        guard view.running.isEmpty else {
            endAll(grace: grace)
            followProbes()
            if !gone { await report() }
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
        probes?.stop()
        await contents.close()
        volumes = nil
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
        // No container runs any more, so nobody needs them, as on Kubernetes: a finished pod keeps logs only.
        try await PodVolumes(storage: context.storage, settings: context.settings, identity: identity).unpublish()
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
        // An end that comes while others' messages are read has one too.
        while hasUnread { await collectMessages() }
        let status = PodStatus(
            pod: pod, view: view, waiting: waiting, facts: facts, unready: unready, messages: messages, podIPs: podIPs,
            hostIPs: context.hostIPs, now: .now, failure: failure, resize: resize
        ).build()
        guard status != lastStatus || force else { return }
        let uid = identity.uid
        do {
            let written = try await context.client.update(
                .pods, namespace: identity.namespace, name: identity.name, subresource: "status"
            ) { (object: inout JSON) throws(StatusError) -> Bool in
                guard object["metadata"]["uid"].string == uid else { return false }
                let merged = PodStatus.merge(status, into: object["status"])
                guard merged != object["status"] else { return false }
                object["status"] = merged
                return true
            }
            lastStatus = status
            // A change that the watch has told of meanwhile is newer.
            guard let written, written["metadata"]["uid"].string == uid else { return }
            if Self.revision(pod) == 0 {
                pod["status"] = written["status"]
            } else if Self.revision(written) > Self.revision(pod) {
                pod = written
            }
        } catch {
            if error.code != 404 {
                wakeAfter(5)
                context.log("status of pod \(identity.namespace)/\(identity.name): \(error.message)")
            }
        }
    }

    private static func revision(_ object: JSON) -> Int64 {
        object["metadata"]["resourceVersion"].string.flatMap(Int64.init) ?? 0
    }
}
