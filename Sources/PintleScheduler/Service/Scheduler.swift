public import PintleClient
public import PintleObjects

/// Finds a node for each pod that has none, and says why where there is none.
///
/// Woken by what changes in the API; while nothing changes, it does nothing. Bindings and reports run beside the
/// decisions, so that a slow write holds up no other pod.
public final class Scheduler: Sendable {
    private let client: any APIClient
    private let name: String
    private let events: EventRecorder
    private let onFailure: @Sendable (String, StatusError) -> Void

    /// Describes a scheduler; ``run()`` starts it.
    ///
    /// It takes care of pods whose `spec.schedulerName` is `name`, which is also the component in events. `onFailure` is
    /// told about writes that failed: what was to be written, and the error; from any thread.
    public init(
        client: any APIClient, name: String = "default-scheduler",
        onFailure: @escaping @Sendable (String, StatusError) -> Void = { _, _ in }
    ) {
        self.client = client
        self.name = name
        self.onFailure = onFailure
        events = EventRecorder(client: client, component: name)
    }

    /// Works until the task is cancelled.
    public func run() async {
        let (inputs, continuation) = AsyncStream.makeStream(of: SchedulerState.Input.self)
        await withDiscardingTaskGroup { group in
            group.addTask { await self.watchPods(continuation) }
            group.addTask { await self.watchNodes(continuation) }
            let clock = ContinuousClock()
            let start = clock.now
            var state = SchedulerState()
            var timer: Int64?
            for await input in inputs {
                let now = start.duration(to: clock.now).nanoseconds
                state.handle(input, now: now)
                for action in state.decide(now: now) {
                    group.addTask { await self.perform(action, continuation) }
                }
                guard let wake = state.nextWake, timer.map({ wake < $0 || $0 <= now }) ?? true else { continue }
                timer = wake
                group.addTask {
                    try? await clock.sleep(until: start + .nanoseconds(wake))
                    continuation.yield(.tick)
                }
            }
            group.cancelAll()
        }
    }

    private func watchPods(_ inputs: AsyncStream<SchedulerState.Input>.Continuation) async {
        let selector = "status.phase!=Succeeded,status.phase!=Failed"
        for await event in client.watch(.pods, namespace: nil, fieldSelector: selector) {
            switch event {
            case .added(let pod), .modified(let pod): inputs.yield(.pod(PodDescription(pod, scheduler: name)))
            case .deleted(let pod): inputs.yield(.podGone(ObjectName(of: pod)))
            case .synced: inputs.yield(.podsSynced)
            }
        }
    }

    private func watchNodes(_ inputs: AsyncStream<SchedulerState.Input>.Continuation) async {
        for await event in client.watch(.nodes, namespace: nil, fieldSelector: nil) {
            switch event {
            case .added(let node), .modified(let node): inputs.yield(.node(NodeDescription(node)))
            case .deleted(let node): inputs.yield(.nodeGone(ObjectName(of: node).name))
            case .synced: inputs.yield(.nodesSynced)
            }
        }
    }

    private func perform(
        _ action: SchedulerState.Action, _ inputs: AsyncStream<SchedulerState.Input>.Continuation
    ) async {
        switch action {
        case .bind(let pod, let node):
            let outcome = await bind(pod, to: node)
            inputs.yield(.bound(pod.name, uid: pod.uid, outcome))
        case .explain(let pod, let message): await explain(pod, message)
        }
    }

    private func bind(_ pod: PodDescription, to node: String) async -> SchedulerState.Outcome {
        do {
            try await client.bind(pod: pod.name.name, namespace: pod.name.namespace, uid: pod.uid, node: node)
        } catch {
            // Not found, or bound or deleted meanwhile: the watch tells the rest.
            if error.code == 404 || error.code == 409 { return .pointless }
            onFailure("binding of pod \(pod.name)", error)
            return .failed
        }
        await record(
            pod, type: "Normal", reason: "Scheduled", "Successfully assigned \(pod.name) to \(node)", action: "Binding")
        return .accepted
    }

    private func explain(_ pod: PodDescription, _ message: String) async {
        let uid = pod.uid
        do {
            try await client.update(
                .pods, namespace: pod.name.namespace, name: pod.name.name, subresource: "status"
            ) { object in
                guard object["metadata"]["uid"].string == uid, (object["spec"]["nodeName"].string ?? "").isEmpty
                else { return false }
                return Unschedulable.mark(&object, message, now: .now)
            }
        } catch {
            if error.code == 404 { return }
            onFailure("status of pod \(pod.name)", error)
        }
        await record(pod, type: "Warning", reason: "FailedScheduling", message, action: "Scheduling")
    }

    private func record(
        _ pod: PodDescription, type: String, reason: String, _ message: String, action: String
    ) async {
        do {
            try await events.record(
                EventRecorder.Occurrence(
                    pod: pod.name, uid: pod.uid, type: type, reason: reason, message: message, action: action))
        } catch {
            if error.code != 404 { onFailure("event \(reason) of pod \(pod.name)", error) }
        }
    }
}

extension Duration {
    /// The whole number of nanoseconds.
    fileprivate var nanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
}
