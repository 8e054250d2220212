internal import PintleClient
internal import PintleInterfaces
internal import PintleObjects
internal import Synchronization

/// What a pod gets of the API: the variables of its containers and the contents of its volumes, which follow changes.
///
/// Any thread may call. Publishing, refreshing and closing never overlap with each other's writes.
final class PodContents: Sendable {
    typealias Wake = @Sendable () async -> Void

    /// What changed.
    private enum Change: Hashable {
        case reference(Reference)
        case pod
    }

    private struct State {
        var pod: JSON
        var allocatable: JSON = .null
        /// Where each volume is, once all are there.
        var places: [String: String]?
        var changes: Set<Change> = []
        var refresh: Task<Void, Never>?
        var wake: Wake?
    }

    let context: PodContext
    private let identity: PodIdentity
    private let state: Mutex<State>

    init(_ context: PodContext, _ pod: JSON) {
        self.context = context
        identity = PodIdentity(pod)
        state = Mutex(State(pod: pod))
    }

    /// Has `wake` called whenever something changed that a container may be waiting for.
    func begin(_ wake: @escaping Wake) { state.withLock { $0.wake = wake } }

    /// The pod changed in the API.
    func update(_ pod: JSON) {
        let differs = state.withLock { state in
            defer { state.pod = pod }
            return Self.told(state.pod) != Self.told(pod)
        }
        if differs { changed(.pod) }
    }

    /// Knows all that the pod refers to, as it is now, when it returns.
    ///
    /// From then on changes are followed until ``close()``.
    func prepare() async {
        let pod = state.withLock { $0.pod }
        let references = PodReferences.all(pod)
        context.references.follow(references, by: identity.uid) { [weak self] in self?.changed(.reference($0)) }
        await context.references.settled(references)
        if Self.needsAllocatable(pod),
            let node = try? await context.client.find(.nodes, namespace: nil, name: context.settings.name)
        {
            state.withLock { $0.allocatable = node["status"]["allocatable"] }
        }
    }

    // MARK: Variables

    /// The variables of a container, by what is known since ``prepare()``.
    ///
    /// It does not wait, so a reference that appears later is told by waking, whoever asks.
    ///
    /// - Throws: ``PodFault`` with reason `CreateContainerConfigError`.
    func environment(_ container: JSON, podIPs: [String]) throws(PodFault) -> [ContainerEnvironment.Variable] {
        let (pod, allocatable) = state.withLock { ($0.pod, $0.allocatable) }
        let references = context.references
        var services = references.objects(PodReferences.apiService)
        if pod["spec"]["enableServiceLinks"].bool != false {
            let others = references.objects(.services(namespace: identity.namespace))
            services += others.filter { identity.namespace != "default" || $0["metadata"]["name"] != "kubernetes" }
        }
        let resolved = try ContainerEnvironment(
            pod: pod, podIPs: podIPs, hostIPs: context.hostIPs, allocatable: allocatable, services: services,
            object: { references.object($0) }
        ).resolve(container)
        for message in resolved.skipped {
            context.events.record(pod, .warning, "InvalidEnvironmentVariableNames", message)
        }
        return resolved.variables
    }

    // MARK: Volumes

    /// Makes every volume of the pod, with its contents.
    ///
    /// Repeating it is safe.
    ///
    /// - Returns: Where each is, by name.
    /// - Throws: ``PodFault`` with reason `FailedMount` for the last volume that failed; those before have events.
    func publish() async throws(PodFault) -> [String: String] {
        await prepare()
        let pod = state.withLock { state in
            state.changes = []
            return state.pod
        }
        var places: [String: String] = [:]
        var faults: [PodFault] = []
        for volume in pod["spec"]["volumes"].array ?? [] {
            let name = volume["name"].string ?? ""
            // Images are the runtime's, and of the containers that mount them.
            if volume["image"].object != nil { continue }
            do throws(VolumeFault) {
                // Nothing is made for a volume whose contents are missing.
                let files = VolumeContents.has(volume) ? try contents(pod).files(volume) : nil
                let place = try await volumes.publish(volume, pod)
                if let files { try await write(files, place, pod) }
                places[name] = place
            } catch {
                faults.append(Self.failed(name, error))
            }
        }
        if let last = faults.popLast() {
            for fault in faults { context.events.record(pod, .warning, fault.reason, fault.message) }
            throw last
        }
        state.withLock { state in
            state.places = places
            if !state.changes.isEmpty { startRefresh(&state) }
        }
        return places
    }

    /// Stops following and writing; ``prepare()`` begins again.
    func close() async {
        context.references.release(identity.uid)
        let running = state.withLock { state in
            state.places = nil
            state.changes = []
            return state.refresh
        }
        await running?.value
    }

    var volumes: PodVolumes {
        PodVolumes(storage: context.storage, settings: context.settings, identity: identity)
    }

    private func contents(_ pod: JSON) -> VolumeContents {
        let references = context.references
        return VolumeContents(
            pod: pod, allocatable: state.withLock { $0.allocatable }, object: { references.object($0) })
    }

    private func write(_ files: [ProjectedFile], _ place: String, _ pod: JSON) async throws(VolumeFault) {
        let group = pod["spec"]["securityContext"]["fsGroup"].int.flatMap { UInt32(exactly: $0) }
        try await BlockingWork.run { () throws(VolumeFault) in
            _ = try AtomicWriter(path: place, group: group).write(files)
        }
    }

    private static func failed(_ name: String, _ fault: VolumeFault) -> PodFault {
        PodFault("FailedMount", "MountVolume.SetUp failed for volume \"\(name)\" : \(fault.message)")
    }

    // MARK: Changes

    private func changed(_ change: Change) {
        let wake = state.withLock { state in
            state.changes.insert(change)
            if state.places != nil { startRefresh(&state) }
            return state.wake
        }
        if let wake { Task { await wake() } }
    }

    private func startRefresh(_ state: inout State) {
        if state.refresh == nil { state.refresh = Task { await self.refresh() } }
    }

    /// Writes the volumes that changes concern, until there are no more.
    private func refresh() async {
        while let (pod, places, changes) = takeChanges() {
            for volume in pod["spec"]["volumes"].array ?? [] where concerns(volume, changes) {
                let name = volume["name"].string ?? ""
                guard let place = places[name], state.withLock({ $0.places != nil }) else { continue }
                do throws(VolumeFault) {
                    try await write(contents(pod).files(volume), place, pod)
                } catch {
                    // What was there stays.
                    let fault = Self.failed(name, error)
                    context.events.record(pod, .warning, fault.reason, fault.message)
                }
            }
        }
    }

    private func takeChanges() -> (JSON, [String: String], Set<Change>)? {
        state.withLock { state in
            guard let places = state.places, !state.changes.isEmpty else {
                state.refresh = nil
                return nil
            }
            defer { state.changes = [] }
            return (state.pod, places, state.changes)
        }
    }

    private func concerns(_ volume: JSON, _ changes: Set<Change>) -> Bool {
        guard VolumeContents.has(volume) else { return false }
        if changes.contains(.pod), VolumeContents.tellsOfPod(volume) { return true }
        return PodReferences.volume(volume, namespace: identity.namespace).contains {
            changes.contains(.reference($0))
        }
    }

    /// What a pod can change while it runs and a volume or variable may tell.
    private static func told(_ pod: JSON) -> [JSON] {
        [pod["metadata"]["labels"], pod["metadata"]["annotations"]]
            + PodReferences.containers(pod).map { $0["resources"] }
    }

    private static func needsAllocatable(_ pod: JSON) -> Bool {
        let items = (pod["spec"]["volumes"].array ?? []).flatMap { volume in
            (volume["downwardAPI"]["items"].array ?? [])
                + (volume["projected"]["sources"].array ?? []).flatMap { $0["downwardAPI"]["items"].array ?? [] }
        }
        return items.contains { !$0["resourceFieldRef"].isNull }
            || PodReferences.containers(pod).contains { container in
                (container["env"].array ?? []).contains { !$0["valueFrom"]["resourceFieldRef"].isNull }
            }
    }
}
