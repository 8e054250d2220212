import PintleClient
import PintleObjects
import Synchronization
import Testing

@testable import PintleNode

@Suite("Followed objects")
struct ReferencesTests {
    private static let map = Reference.configMap(namespace: "ns", name: "m")

    @Test("two users share one watch, which ends with the last of them")
    func shared() async {
        let api = WatchedAPI()
        let references = References(api)
        api.put("configmaps", "m", ["data": ["k": "1"]])
        references.follow([Self.map], by: "a") { _ in }
        references.follow([Self.map], by: "b") { _ in }
        await references.settled([Self.map])
        #expect(references.object(Self.map)?["data"]["k"] == "1")
        #expect(api.begun == ["configmaps/metadata.name=m"])
        references.release("a")
        #expect(references.count == 1)
        references.release("b")
        #expect(references.count == 0)
        await api.ended(1)
    }

    @Test("a change can be read when it is told, and what nobody reads is not told")
    func changes() async {
        let api = WatchedAPI()
        let references = References(api)
        let (told, tell) = AsyncStream<JSON?>.makeStream()
        references.follow([Self.map], by: "a") { tell.yield(references.object($0)) }
        await references.settled([Self.map])
        #expect(references.object(Self.map) == nil)
        var next = told.makeAsyncIterator()
        api.put("configmaps", "m", ["data": ["k": "1"]])
        let added = await next.next()
        #expect(added??["data"]["k"] == "1")
        api.put("configmaps", "m", ["data": ["k": "1"], "status": "noise"])
        api.put("configmaps", "m", ["data": ["k": "2"]])
        let changed = await next.next()
        #expect(changed??["data"]["k"] == "2")
        api.remove("configmaps", "m")
        let removed = await next.next()
        #expect(removed == .some(nil))
        references.stop()
    }

    @Test("an immutable object is not followed any more, and is read again for its next user")
    func immutable() async {
        let api = WatchedAPI()
        let references = References(api)
        api.put("configmaps", "m", ["data": ["k": "1"], "immutable": true])
        references.follow([Self.map], by: "a") { _ in }
        await references.settled([Self.map])
        await api.ended(1)
        #expect(references.object(Self.map)?["data"]["k"] == "1")
        api.put("configmaps", "m", ["data": ["k": "2"]])
        references.follow([Self.map], by: "b") { _ in }
        await references.settled([Self.map])
        #expect(references.object(Self.map)?["data"]["k"] == "2")
        references.stop()
    }

    @Test("a resource that is not served settles with nothing")
    func unserved() async {
        let references = References(WatchedAPI())
        let services = Reference.services(namespace: "ns")
        references.follow([services], by: "a") { _ in }
        await references.settled([services])
        #expect(references.objects(services).isEmpty)
        references.stop()
    }

    @Test("letting go ends a wait for what has not come yet")
    func abandoned() async {
        let api = WatchedAPI(silent: true)
        let references = References(api)
        references.follow([Self.map], by: "a") { _ in }
        async let settled: Void = references.settled([Self.map])
        references.release("a")
        await settled
        #expect(references.object(Self.map) == nil)
    }

    @Test("a pod's references are found in all containers, variables and volumes")
    func found() {
        let pod: JSON = [
            "metadata": ["namespace": "ns"],
            "spec": [
                "enableServiceLinks": false,
                "initContainers": [["envFrom": [["secretRef": ["name": "s1"]]]]],
                "containers": [
                    ["env": [["name": "A", "valueFrom": ["configMapKeyRef": ["name": "m1", "key": "k"]]]]]
                ],
                "volumes": [
                    ["name": "a", "configMap": ["name": "m2"]], ["name": "b", "secret": ["secretName": "s2"]],
                    [
                        "name": "c",
                        "projected": ["sources": [["secret": ["name": "s3"]], ["configMap": ["name": "m1"]]]],
                    ],
                ],
            ],
        ]
        let maps = ["m1", "m2"].map { Reference.configMap(namespace: "ns", name: $0) }
        let secrets = ["s1", "s2", "s3"].map { Reference.secret(namespace: "ns", name: $0) }
        #expect(PodReferences.all(pod) == Set(maps + secrets + [PodReferences.apiService]))
    }
}

/// An API that has ConfigMaps only and can't do more than be watched.
private final class WatchedAPI: APIClient {
    private struct State {
        var objects: [String: JSON] = [:]
        var watches: [Int: (name: String, continuation: AsyncStream<WatchEvent>.Continuation)] = [:]
        var begun: [String] = []
    }

    private let state = Mutex(State())
    private let silent: Bool
    private let ends: AsyncStream<Void>
    private let end: AsyncStream<Void>.Continuation

    init(silent: Bool = false) {
        self.silent = silent
        (ends, end) = AsyncStream.makeStream()
    }

    var begun: [String] { state.withLock { $0.begun } }

    /// Waits until this many watches have ended.
    func ended(_ count: Int) async { for await _ in ends.prefix(count) {} }

    func put(_ plural: String, _ name: String, _ body: JSON) {
        var object = body
        object["metadata"] = ["name": .string(name), "namespace": "ns"]
        state.withLock { [object] state in
            let isNew = state.objects.updateValue(object, forKey: name) == nil
            for watch in state.watches.values where watch.name == name {
                watch.continuation.yield(isNew ? .added(object) : .modified(object))
            }
        }
    }

    func remove(_ plural: String, _ name: String) {
        state.withLock { state in
            guard let object = state.objects.removeValue(forKey: name) else { return }
            for watch in state.watches.values where watch.name == name { watch.continuation.yield(.deleted(object)) }
        }
    }

    func watch(_ resource: Resource, namespace: String?, fieldSelector: String?) -> AsyncStream<WatchEvent> {
        guard resource == .configMaps, let selector = fieldSelector else { return AsyncStream { $0.finish() } }
        let (stream, continuation) = AsyncStream<WatchEvent>.makeStream()
        let name = String(selector.drop { $0 != "=" }.dropFirst())
        state.withLock { state in
            let id = state.begun.count
            state.begun.append("\(resource.plural)/\(selector)")
            state.watches[id] = (name, continuation)
            continuation.onTermination = { [end] _ in end.yield() }
            if let object = state.objects[name] { continuation.yield(.added(object)) }
            if !silent { continuation.yield(.synced) }
        }
        return stream
    }

    func get(_ resource: Resource, namespace: String?, name: String) async throws(StatusError) -> JSON {
        throw .badRequest("only watches")
    }

    func list(_ resource: Resource, namespace: String?, labelSelector: String?, fieldSelector: String?)
        async throws(StatusError) -> [JSON]
    { throw .badRequest("only watches") }

    func create(_ resource: Resource, namespace: String?, _ object: JSON) async throws(StatusError) -> JSON {
        throw .badRequest("only watches")
    }

    func update(
        _ resource: Resource, namespace: String?, name: String, subresource: String?,
        _ change: @Sendable (inout JSON) throws(StatusError) -> Bool
    ) async throws(StatusError) -> JSON? { throw .badRequest("only watches") }

    func delete(_ resource: Resource, namespace: String?, name: String, gracePeriodSeconds: Int?, uid: String?)
        async throws(StatusError)
    { throw .badRequest("only watches") }

    func bind(pod: String, namespace: String, uid: String, node: String) async throws(StatusError) {
        throw .badRequest("only watches")
    }
}
