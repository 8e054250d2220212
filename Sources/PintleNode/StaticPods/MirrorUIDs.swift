internal import PintleClient
internal import Synchronization

/// Which static pod an object of the API is the mirror of, by uid; any thread.
final class MirrorUIDs: Sendable {
    private let pods = Mutex<[String: String]>([:])
    /// The names of static pods that have a worker, by uid.
    private let names = Mutex<[String: ObjectName]>([:])

    /// Takes a name for a pod; false when another pod has it that has not ended yet.
    func claim(_ name: ObjectName, uid: String) -> Bool {
        names.withLock { names in
            guard !names.values.contains(name) else { return false }
            names[uid] = name
            return true
        }
    }

    /// The pod has ended; false when it was no static one.
    func release(uid: String) -> Bool { names.withLock { $0.removeValue(forKey: uid) != nil } }

    /// The uid under which a pod runs on the node.
    func resolve(_ uid: String) -> String { pods.withLock { $0[uid] ?? uid } }

    func set(_ mirror: String, _ pod: String) {
        pods.withLock { pods in
            for (key, value) in pods where value == pod && key != mirror { pods[key] = nil }
            pods[mirror] = pod
        }
    }

    func forget(pod: String) {
        pods.withLock { pods in pods = pods.filter { $0.value != pod } }
    }
}
