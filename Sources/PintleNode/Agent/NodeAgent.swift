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
    /// The last reading of the machine's CPU time, from which the next one tells a rate.
    let lastUsage = Mutex<(time: Int64, cpu: UInt64)?>(nil)
    let logs: LogKeeper
    let collector: ImageCollector
    let staticPods: StaticPods
    let mirrors = MirrorUIDs()
    private let registration: NodeRegistration
    let workers = Mutex(Workers())

    struct Workers {
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
        await stopWorkers()
        context.references.stop()
    }

    /// Lets workers finish the step that they are at, for two seconds at most: whoever comes after this agent must not
    /// find one of them still making something.
    private func stopWorkers() async {
        let entries = workers.withLock { Array($0.byUID.values) }
        for entry in entries {
            entry.task.cancel()
            await entry.worker.cancel()
        }
        let ended = ChangeWaiters()
        let mark = ended.mark
        Task {
            for entry in entries { await entry.task.value }
            ended.tell()
        }
        await ended.wait(after: mark, atMost: 2)
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

}
