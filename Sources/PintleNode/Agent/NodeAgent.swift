internal import Glibc
public import PintleClient
public import PintleInterfaces
internal import PintleNodePolicy
internal import PintleObjects
internal import Synchronization

/// The node agent: registers the node and gives every pod that is bound to it a ``PodWorker``.
///
/// Threads: any. ``run()`` works until its task is cancelled; pods go on running after that.
public final class NodeAgent: Sendable {
    let context: PodContext
    let node: NodeState
    let admission: NodeAdmission
    let followers = LogFollowers()
    let machine: Machine
    /// What probes found; told by `/metrics/probes`.
    package let probeCounts = ProbeCounts()
    /// The last reading of the machine's CPU time, from which the next one tells a rate.
    let lastUsage = Mutex<(time: Int64, cpu: UInt64)?>(nil)
    private let logs: LogKeeper
    let collector: ImageCollector
    let staticPods: StaticPods
    let mirrors = MirrorUIDs()
    private let registration: NodeRegistration
    private let workers = Mutex(Workers())

    private struct Workers {
        var byUID: [String: (worker: PodWorker, task: Task<Void, Never>)] = [:]
        /// Pods that exist on the node but have not been seen in the API yet.
        var found: [String: PodView] = [:]
        var synced = false
        /// Pods of the API that have ended and have no worker.
        var resting: Set<String> = []
    }

    /// Makes an agent.
    ///
    /// Nothing happens before ``run()``.
    ///
    /// - Parameters:
    ///   - settings: What it is told once.
    ///   - client: The API.
    ///   - runtime: Runs sandboxes and containers.
    ///   - networks: Attach pods, in this order.
    ///   - storage: Has the node's own volumes.
    ///   - log: Takes lines for the node's log; any thread.
    public init(
        settings: NodeSettings, client: any APIClient, runtime: any RuntimeService, networks: [any NetworkService],
        storage: any StorageService, log: @escaping @Sendable (String) -> Void
    ) {
        let machine = Machine.read(disk: settings.dataDirectory, bootID: settings.bootIDPath)
        let node = NodeState(
            NodeState.Facts(
                name: settings.name, labels: NodeRegistration.labels(settings.name, machine),
                resources: NodeResources(machine, settings.policy, maxPods: settings.maxPods)))
        let admission = NodeAdmission(node, allowedUnsafeSysctls: settings.allowedUnsafeSysctls)
        self.machine = machine
        self.node = node
        self.admission = admission
        let events = EventRecorder(client, component: "kubelet", host: settings.name)
        let records = PullRecords(
            directory: "\(settings.dataDirectory)/image_manager", policy: settings.policy.images)
        collector = ImageCollector(
            runtime: runtime, policy: settings.policy.images, disk: settings.dataDirectory, records: records
        ) { reason, message in
            events.record(Self.reference(settings.name), .warning, reason, message)
        }
        context = PodContext(
            client: client, runtime: runtime, networks: networks, storage: storage, settings: settings,
            images: ImagePuller(
                runtime: runtime,
                credentials: PullCredentials(client: client, providers: Self.providers(settings.policy.images, log)),
                records: records, events: events),
            references: References(client), events: events, hostIPs: machine.addresses,
            memoryCapacity: machine.memoryBytes,
            users: UserNamespaces(
                pods: "\(settings.dataDirectory)/pods", base: settings.userNamespaceBase, count: settings.maxPods),
            node: node, admission: admission, log: log)
        staticPods = StaticPods(directory: settings.policy.staticPodPath, node: settings.name, log: log)
        logs = LogKeeper(logDirectory: settings.logDirectory, log: log)
        registration = NodeRegistration(context: context, machine: machine, node: node)
    }

    /// How many containers' pods run now.
    public var podCount: Int { workers.withLock { $0.byUID.count } }

    /// Works until the task is cancelled.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.context.events.run() }
            group.addTask { await self.followRuntime() }
            group.addTask { await self.registration.run() }
            group.addTask {
                // Labels and taints of the node decide which pods may run.
                await self.registration.register()
                await self.adopt()
                // Pods from files first, so that none of them is taken for an orphan.
                await self.scanStaticPods()
                await withTaskGroup(of: Void.self) { group in
                    group.addTask { await self.followStaticPods() }
                    group.addTask { await self.followPods() }
                    await group.waitForAll()
                }
            }
            group.addTask { await self.sweep() }
            group.addTask { await self.watchPressure() }
            group.addTask { await self.collectImages() }
            await group.waitForAll()
        }
        let tasks = workers.withLock { $0.byUID.values.map(\.task) }
        for task in tasks { task.cancel() }
        context.references.stop()
    }

    // MARK: Pods

    private func followPods() async {
        let selector = "spec.nodeName=\(context.settings.name)"
        for await event in context.client.watch(.pods, namespace: nil, fieldSelector: selector) {
            switch event {
            case .added(let pod), .modified(let pod): await apply(pod)
            case .deleted(let pod) where Self.isMirror(pod): await mirrorDeleted(pod)
            case .deleted(let pod):
                let uid = pod["metadata"]["uid"].string ?? ""
                workers.withLock { _ = $0.resting.remove(uid) }
                await worker(uid)?.deleted()
            case .synced: await removeOrphans()
            }
        }
    }

    private func apply(_ pod: JSON) async {
        let uid = pod["metadata"]["uid"].string ?? ""
        guard !uid.isEmpty else { return }
        if Self.isMirror(pod) { return await applyMirror(pod) }
        admission.update(pod)
        if let worker = worker(uid) { return await worker.update(pod) }
        if needsNoWorker(pod, uid) {
            workers.withLock { _ = $0.resting.insert(uid) }
            return
        }
        start(pod, uid)
    }

    /// The uids of all pods that are on the node or in the API.
    var knownUIDs: Set<String> {
        workers.withLock { Set($0.byUID.keys).union($0.found.keys).union($0.resting) }
    }

    var allWorkers: [PodWorker] { workers.withLock { $0.byUID.values.map(\.worker) } }

    func worker(_ uid: String) -> PodWorker? { workers.withLock { $0.byUID[uid]?.worker } }

    func start(_ pod: JSON, _ uid: String) {
        let view = workers.withLock { $0.found.removeValue(forKey: uid) } ?? PodView()
        let worker = PodWorker(workerContext(pod), pod, view: view, failure: admissionFailure(pod, view))
        let task = Task { [weak self] in
            await worker.run()
            self?.ended(uid)
        }
        workers.withLock { $0.byUID[uid] = (worker, task) }
    }

    /// Whether an earlier run left something of a pod.
    func isFound(_ uid: String) -> Bool { workers.withLock { $0.found[uid] != nil } }

    private func ended(_ uid: String) {
        admission.forget(uid)
        mirrors.forget(pod: uid)
        staticEnded(uid)
        workers.withLock { $0.byUID[uid] = nil }
    }

    // MARK: What exists

    /// What an earlier run left: containers that run go on.
    private func adopt() async {
        let found = await views()
        logs.adopt(found.values.flatMap { $0.containers.values.joined() })
        for (uid, view) in found { workers.withLock { $0.found[uid] = view } }
    }

    private func views() async -> [String: PodView] {
        do {
            let sandboxes = try await context.runtime.listSandboxes(RuntimeSandboxFilter())
            let containers = try await context.runtime.listContainers(RuntimeContainerFilter())
            var views: [String: PodView] = [:]
            let uidOf = Dictionary(sandboxes.map { ($0.id, $0.uid) }, uniquingKeysWith: { $1 })
            for uid in Set(sandboxes.map(\.uid)) where !uid.isEmpty {
                views[uid] = PodView(
                    sandboxes: sandboxes.filter { $0.uid == uid },
                    containers: containers.filter { uidOf[$0.sandboxId] == uid })
            }
            return views
        } catch {
            context.log("listing what runs: \(error)")
            return [:]
        }
    }

    /// Once the API's pods are known: what belongs to none of them goes.
    private func removeOrphans() async {
        let orphans = workers.withLock { state in
            defer {
                state.found = [:]
                state.synced = true
            }
            return state.found
        }
        for (uid, view) in orphans {
            guard let sandbox = view.sandboxes.first else { continue }
            context.log("pod \(sandbox.podNamespace)/\(sandbox.name) (\(uid)) is not in the API any more: removing it")
            start(orphan(sandbox), uid, view)
        }
        await collectVolumes()
        await collectNetworks()
        await removeOrphanFiles()
    }

    private func start(_ pod: JSON, _ uid: String, _ view: PodView) {
        workers.withLock { $0.found[uid] = view }
        start(pod, uid)
        guard let worker = worker(uid) else { return }
        Task { await worker.deleted() }
    }

    private func orphan(_ sandbox: RuntimeSandboxStatus) -> JSON {
        [
            "apiVersion": "v1", "kind": "Pod",
            "metadata": [
                "name": .string(sandbox.name), "namespace": .string(sandbox.podNamespace), "uid": .string(sandbox.uid),
            ],
            "spec": ["hostNetwork": .bool(sandbox.namespaces?.network == .node), "containers": []],
        ]
    }

    private func followRuntime() async {
        while !Task.isCancelled {
            do {
                let (stream, continuation) = AsyncStream<RuntimeEvent>.makeStream()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { [context] in
                        defer { continuation.finish() }
                        try await context.runtime.events { event in
                            continuation.yield(event)
                            return true
                        }
                    }
                    group.addTask {
                        for await event in stream { await self.deliver(event) }
                    }
                    try await group.waitForAll()
                }
            } catch {
                guard !Task.isCancelled else { return }
                context.log("the runtime's events ended: \(error); listening again in a second")
                try? await Task.sleep(for: .seconds(1))
                await resync()
            }
        }
    }

    private func deliver(_ event: RuntimeEvent) async {
        if event.type == .resync { return await resync() }
        followers.observe(event)
        logs.observe(event)
        let uid = event.container?.labels["io.kubernetes.pod.uid"] ?? event.sandbox?.uid
        guard let uid, let worker = worker(uid) else { return }
        await worker.observe(event)
    }

    private func resync() async {
        let views = await views()
        followers.beUnsure()
        for (uid, entry) in workers.withLock({ $0.byUID }) { await entry.worker.replace(views[uid] ?? PodView()) }
    }

    /// The one bounded sweep, once a minute by default: repairs what no event told.
    private func sweep() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(context.settings.policy.syncFrequency))
            guard !Task.isCancelled, workers.withLock({ $0.synced }) else { continue }
            await resync()
            await collectVolumes()
            await collectNetworks()
            await removeOrphanFiles()
        }
    }

    private func collectVolumes() async {
        guard let published = try? await context.storage.listPublished(StoragePublishedFilter()) else { return }
        let live = Set(workers.withLock { $0.byUID.keys })
        let dead = Set(published.compactMap { $0.volumeId.split(separator: "/").first.map(String.init) }).subtracting(
            live)
        for uid in dead {
            let identity = PodIdentity(namespace: "", name: "", uid: uid)
            do {
                try await PodVolumes(storage: context.storage, settings: context.settings, identity: identity)
                    .unpublish()
            } catch {
                context.log("removing the volumes of pod \(uid): \(error.message)")
            }
        }
    }

    private func collectNetworks() async {
        guard let sandboxes = try? await context.runtime.listSandboxes(RuntimeSandboxFilter()) else { return }
        for (index, network) in context.networks.enumerated() {
            var request = NetworkGcRequest()
            request.valid = sandboxes.map { sandbox in
                var ref = NetworkAttachmentRef()
                ref.attachmentId = PodIdentity.attachmentID(sandbox: sandbox.id, network: index)
                ref.sandboxId = sandbox.id
                ref.interface = "eth0"
                return ref
            }
            do {
                for item in try await network.gc(request) { context.log("collected \(item.kind) \(item.name)") }
            } catch {
                context.log("collecting network leftovers: \(error)")
            }
        }
    }
}
