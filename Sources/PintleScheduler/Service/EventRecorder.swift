import PintleClient
import PintleObjects
import Synchronization

/// Writes events about pods; what happens again raises the count of the event that is there.
final class EventRecorder: Sendable {
    /// What happened to a pod.
    struct Occurrence: Sendable, Hashable {
        let pod: ObjectName
        let uid: String
        let type: String
        let reason: String
        let message: String
        let action: String
    }

    private let client: any APIClient
    private let component: String
    /// The names of the events that were written lately.
    private let written = Mutex<[Occurrence: String]>([:])

    /// So many events are remembered; then the memory starts afresh.
    private static let capacity = 1024

    init(client: any APIClient, component: String) {
        self.client = client
        self.component = component
    }

    /// Writes a new event, or counts the old one up.
    func record(_ occurrence: Occurrence) async throws(StatusError) {
        let now = Timestamp.now
        if let name = written.withLock({ $0[occurrence] }) {
            do {
                try await client.update(
                    .events, namespace: occurrence.pod.namespace, name: name, subresource: nil
                ) { event in
                    event["count"] = .integer((event["count"].int ?? 1) + 1)
                    event["lastTimestamp"] = now.json
                    return true
                }
                return
            } catch  where error.code == 404 {}  // It expired: a new one follows.
        }
        let event = event(of: occurrence, now: now)
        _ = try await client.create(.events, namespace: occurrence.pod.namespace, event)
        written.withLock { written in
            if written.count >= Self.capacity { written.removeAll() }
            written[occurrence] = event["metadata"]["name"].string
        }
    }

    private func event(of occurrence: Occurrence, now: Timestamp) -> JSON {
        let name = "\(occurrence.pod.name).\(String(UInt64(bitPattern: now.nanoseconds), radix: 16))"
        return [
            "apiVersion": "v1", "kind": "Event",
            "metadata": ["name": .string(name), "namespace": .string(occurrence.pod.namespace)],
            "involvedObject": [
                "kind": "Pod", "namespace": .string(occurrence.pod.namespace), "name": .string(occurrence.pod.name),
                "uid": .string(occurrence.uid), "apiVersion": "v1",
            ],
            "reason": .string(occurrence.reason), "message": .string(occurrence.message),
            "source": ["component": .string(component)], "firstTimestamp": now.json, "lastTimestamp": now.json,
            "count": 1, "type": .string(occurrence.type), "eventTime": nil, "action": .string(occurrence.action),
            "reportingComponent": .string(component), "reportingInstance": "",
        ]
    }
}
