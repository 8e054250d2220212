public import PintleObjects
import Synchronization

/// A local, current copy of the objects that a watch selects.
///
/// Feed it with ``run(onChange:)`` from one task; read it from any. It holds parsed objects: select narrowly.
public final class Informer: Sendable {
    /// What happened to an object; `old` and `new` are the states before and after.
    public struct Change: Sendable {
        /// Which object.
        public let name: ObjectName
        /// The state before, `nil` when the object is new.
        public let old: JSON?
        /// The state now, `nil` when the object is gone.
        public let new: JSON?
    }

    private struct State {
        var objects: [ObjectName: JSON] = [:]
        var isSynced = false
    }

    private let client: any APIClient
    private let resource: Resource
    private let namespace: String?
    private let fieldSelector: String?
    private let state = Mutex(State())

    /// Describes what to follow; nothing is asked of `client` before ``run(onChange:)``.
    public init(_ client: any APIClient, _ resource: Resource, namespace: String? = nil, fieldSelector: String? = nil) {
        self.client = client
        self.resource = resource
        self.namespace = namespace
        self.fieldSelector = fieldSelector
    }

    /// Follows until the task is cancelled.
    ///
    /// `onChange` is called in order, one call at a time, after the copy has changed; `onSynced` once, when all that
    /// existed has been seen.
    public func run(
        onSynced: @Sendable () async -> Void = {}, onChange: @Sendable (Change) async -> Void
    ) async {
        for await event in client.watch(resource, namespace: namespace, fieldSelector: fieldSelector) {
            switch event {
            case .added(let object), .modified(let object):
                let name = ObjectName(of: object)
                let old = state.withLock { $0.objects.updateValue(object, forKey: name) }
                await onChange(Change(name: name, old: old, new: object))
            case .deleted(let object):
                let name = ObjectName(of: object)
                let old = state.withLock { $0.objects.removeValue(forKey: name) }
                await onChange(Change(name: name, old: old ?? object, new: nil))
            case .synced:
                state.withLock { $0.isSynced = true }
                await onSynced()
            }
        }
    }

    /// Whether everything that existed when the watch began has arrived.
    public var isSynced: Bool { state.withLock { $0.isSynced } }

    /// The object as last seen.
    public func get(namespace: String?, name: String) -> JSON? {
        state.withLock { $0.objects[ObjectName(namespace: namespace, name: name)] }
    }

    /// All objects as last seen, in no order.
    public func all() -> [JSON] { state.withLock { Array($0.objects.values) } }
}
