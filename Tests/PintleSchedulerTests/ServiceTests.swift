import PintleClient
import PintleObjects
import PintleScheduler
import Synchronization
import Testing

/// An API that holds pods and nodes in memory and remembers what was written.
private final class FakeAPI: APIClient {
    struct State {
        var objects: [Resource: [ObjectName: JSON]] = [:]
        var watchers: [(Resource, AsyncStream<WatchEvent>.Continuation)] = []
        var bindingsToRefuse = 0
    }

    private let state = Mutex(State())

    func put(_ resource: Resource, _ object: JSON) {
        state.withLock { state in
            let old = state.objects[resource, default: [:]].updateValue(object, forKey: ObjectName(of: object))
            for (watched, stream) in state.watchers where watched == resource {
                stream.yield(old == nil ? .added(object) : .modified(object))
            }
        }
    }

    func refuseBindings(_ count: Int) { state.withLock { $0.bindingsToRefuse = count } }

    func all(_ resource: Resource) -> [JSON] { state.withLock { Array($0.objects[resource, default: [:]].values) } }

    func get(_ resource: Resource, namespace: String?, name: String) throws(StatusError) -> JSON {
        guard let object = state.withLock({ $0.objects[resource]?[ObjectName(namespace: namespace, name: name)] })
        else { throw .notFound(group: resource.group, resource: resource.plural, name: name) }
        return object
    }

    func list(_ resource: Resource, namespace: String?, labelSelector: String?, fieldSelector: String?) -> [JSON] {
        all(resource)
    }

    func watch(_ resource: Resource, namespace: String?, fieldSelector: String?) -> AsyncStream<WatchEvent> {
        let (stream, continuation) = AsyncStream.makeStream(of: WatchEvent.self)
        state.withLock { state in
            for object in state.objects[resource, default: [:]].values { continuation.yield(.added(object)) }
            continuation.yield(.synced)
            state.watchers.append((resource, continuation))
        }
        return stream
    }

    func create(_ resource: Resource, namespace: String?, _ object: JSON) -> JSON {
        put(resource, object)
        return object
    }

    func update(
        _ resource: Resource, namespace: String?, name: String, subresource: String?,
        _ change: @Sendable (inout JSON) throws(StatusError) -> Bool
    ) async throws(StatusError) -> JSON? {
        var object = try get(resource, namespace: namespace, name: name)
        guard try change(&object) else { return nil }
        put(resource, object)
        return object
    }

    func delete(
        _ resource: Resource, namespace: String?, name: String, gracePeriodSeconds: Int?, uid: String?
    ) throws(StatusError) {
        throw .methodNotSupported(group: resource.group, resource: resource.plural, verb: "delete")
    }

    func bind(pod: String, namespace: String, uid: String, node: String) throws(StatusError) {
        let isRefused = state.withLock { state in
            defer { state.bindingsToRefuse -= 1 }
            return state.bindingsToRefuse > 0
        }
        if isRefused { throw .internalError("refused") }
        var object = try get(.pods, namespace: namespace, name: pod)
        object["spec"]["nodeName"] = .string(node)
        put(.pods, object)
    }
}

@Suite("The scheduler at work", .timeLimit(.minutes(1)))
struct ServiceTests {
    /// Runs a scheduler until `isDone`.
    private func run(_ api: FakeAPI, until isDone: @Sendable () -> Bool) async throws {
        let scheduler = Scheduler(client: api)
        let work = Task { await scheduler.run() }
        while isDone() == false { try await Task.sleep(for: .milliseconds(2)) }
        work.cancel()
        await work.value
    }

    private func waitingPod(cpu: JSON) -> JSON {
        [
            "metadata": ["name": "p", "namespace": "default", "uid": "u"],
            "spec": [
                "schedulerName": "default-scheduler",
                "containers": [["name": "c", "resources": ["requests": ["cpu": cpu]]]],
            ],
        ]
    }

    private let readyNode: JSON = [
        "metadata": ["name": "n"],
        "status": [
            "conditions": [["type": "Ready", "status": "True"]], "allocatable": ["cpu": "2", "pods": "10"],
        ],
    ]

    @Test("a pod is bound, and an event says so")
    func binds() async throws {
        let api = FakeAPI()
        api.put(.nodes, readyNode)
        api.put(.pods, waitingPod(cpu: "1"))
        try await run(api) { api.all(.events).isEmpty == false }
        #expect(api.all(.pods)[0]["spec"]["nodeName"].string == "n")
        let event = api.all(.events)[0]
        #expect(event["reason"].string == "Scheduled")
        #expect(event["message"].string == "Successfully assigned default/p to n")
        #expect(event["source"]["component"].string == "default-scheduler")
    }

    @Test("a pod without a node says why, in its conditions and in an event")
    func explains() async throws {
        let api = FakeAPI()
        api.put(.nodes, readyNode)
        api.put(.pods, waitingPod(cpu: "3"))
        try await run(api) { api.all(.events).isEmpty == false }
        let condition = api.all(.pods)[0]["status"]["conditions"][0]
        #expect(condition["type"].string == "PodScheduled")
        #expect(condition["status"].string == "False")
        #expect(condition["reason"].string == "Unschedulable")
        let event = api.all(.events)[0]
        #expect(event["reason"].string == "FailedScheduling")
        #expect(event["message"] == condition["message"])
    }

    @Test("a pod that waits is bound once a node comes")
    func bindsLater() async throws {
        let api = FakeAPI()
        api.put(.pods, waitingPod(cpu: "1"))
        try await run(api) {
            if api.all(.events).count == 1, api.all(.nodes).isEmpty { api.put(.nodes, readyNode) }
            return api.all(.events).count == 2
        }
        #expect(api.all(.pods)[0]["spec"]["nodeName"].string == "n")
    }

    @Test("the same complaint again is counted, not repeated")
    func countsComplaints() async throws {
        let api = FakeAPI()
        api.put(.nodes, readyNode)
        api.put(.pods, waitingPod(cpu: "3"))
        try await run(api) {
            guard let event = api.all(.events).first else { return false }
            if api.all(.nodes)[0]["metadata"]["labels"].isNull {
                var changed = readyNode
                changed["metadata"]["labels"] = ["a": "b"]
                api.put(.nodes, changed)
            }
            return event["count"].int == 2
        }
        #expect(api.all(.events).count == 1)
    }

    @Test("a binding that fails is tried again")
    func retries() async throws {
        let api = FakeAPI()
        api.refuseBindings(1)
        api.put(.nodes, readyNode)
        api.put(.pods, waitingPod(cpu: "1"))
        try await run(api) { api.all(.events).isEmpty == false }
        #expect(api.all(.pods)[0]["spec"]["nodeName"].string == "n")
    }
}
