import PintleClient

/// Everything the scheduler knows and decides, without I/O: feed it what happened, then do what ``decide(now:)`` says.
struct SchedulerState: Sendable {
    /// What happened.
    enum Input: Sendable {
        case pod(PodDescription)
        case podGone(ObjectName)
        case podsSynced
        case node(NodeDescription)
        case nodeGone(String)
        case nodesSynced
        /// A binding was accepted, or it failed and may be tried again, or the pod needs none any more.
        case bound(ObjectName, uid: String, Outcome)
        /// A delay is over.
        case tick
    }

    /// How a binding ended.
    enum Outcome: Sendable { case accepted, failed, pointless }

    /// What is to be done.
    enum Action: Sendable, Equatable {
        case bind(PodDescription, node: String)
        case explain(PodDescription, message: String)
    }

    private var cluster = Cluster()
    private var queue = SchedulingQueue()
    /// Pods without a node that are ours to place.
    private var waiting: [ObjectName: PodDescription] = [:]
    /// Pods whose binding is on its way.
    private var assumed: [ObjectName: PodDescription] = [:]
    private var arePodsKnown = false
    private var areNodesKnown = false

    /// When ``decide(now:)`` has something to do although nothing happened; nil if never.
    var nextWake: Int64? { queue.nextWake }

    /// Takes in what happened.
    mutating func handle(_ input: Input, now: Int64) {
        switch input {
        case .pod(let pod): podChanged(pod, now: now)
        case .podGone(let name):
            forget(name)
            if cluster.remove(name) { queue.retryAll(now: now) }
        case .podsSynced: arePodsKnown = true
        case .node(let node): if cluster.set(node) { queue.retryAll(now: now) }
        case .nodeGone(let name): cluster.removeNode(name)
        case .nodesSynced: areNodesKnown = true
        case .bound(let name, let uid, let outcome): bindingEnded(name, uid, outcome, now: now)
        case .tick: break
        }
    }

    private mutating func podChanged(_ pod: PodDescription, now: Int64) {
        if pod.hasEnded {
            forget(pod.name)
            if cluster.remove(pod.name) { queue.retryAll(now: now) }
        } else if pod.node.isEmpty == false {
            forget(pod.name)
            let old = cluster.pod(pod.name)
            cluster.place(pod, on: pod.node)
            // A new neighbour may be the one that others wait for; a smaller one leaves room.
            if old?.labels != pod.labels || old.map({ $0.requests != pod.requests }) ?? false {
                queue.retryAll(now: now)
            }
        } else if pod.isWaiting {
            podWaits(pod, now: now)
        } else {
            forget(pod.name)
            if cluster.remove(pod.name) { queue.retryAll(now: now) }
        }
    }

    private mutating func podWaits(_ pod: PodDescription, now: Int64) {
        if let assumed = assumed[pod.name] {
            if assumed.uid == pod.uid { return }
            forget(pod.name)
            cluster.remove(pod.name)
        }
        let old = waiting.updateValue(pod, forKey: pod.name)
        if let old, old.uid == pod.uid {
            if old != pod { queue.retry(pod.name, now: now) }
        } else {
            queue.remove(pod.name)
            queue.add(pod.name, priority: pod.priority)
        }
    }

    private mutating func bindingEnded(_ name: ObjectName, _ uid: String, _ outcome: Outcome, now: Int64) {
        guard let pod = assumed[name], pod.uid == uid else { return }
        switch outcome {
        case .accepted: break  // The watch confirms it.
        case .failed:
            assumed[name] = nil
            cluster.remove(name)
            waiting[name] = pod
            queue.retry(name, now: now)
        case .pointless:
            forget(name)
            cluster.remove(name)
            queue.retryAll(now: now)
        }
    }

    private mutating func forget(_ name: ObjectName) {
        waiting[name] = nil
        assumed[name] = nil
        queue.remove(name)
    }

    /// Places as many pods as can be placed; nothing before all nodes and pods are known.
    mutating func decide(now: Int64) -> [Action] {
        guard arePodsKnown, areNodesKnown else { return [] }
        var actions: [Action] = []
        while let name = queue.next(now: now) {
            guard let pod = waiting[name] else { continue }
            switch Placement.decide(pod, in: cluster) {
            case .node(let node):
                waiting[name] = nil
                assumed[name] = pod
                cluster.place(pod, on: node)
                actions.append(.bind(pod, node: node))
            case .nowhere(let message): actions.append(.explain(pod, message: message))
            }
        }
        return actions
    }
}
