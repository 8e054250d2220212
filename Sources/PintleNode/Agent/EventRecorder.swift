internal import Crypto
public import PintleClient
public import PintleObjects
internal import Synchronization

/// Writes core/v1 Events; equal ones are counted up in one object, as Kubernetes does.
///
/// Recording never waits: events are written one after the other by a task of their own, at most 1,000 waiting.
public final class EventRecorder: Sendable {
    private struct Entry: Sendable {
        let object: JSON
        let type: String
        let reason: String
        let message: String
        let fieldPath: String?
        let time: Timestamp
    }

    private let client: any APIClient
    private let component: String
    private let host: String
    private let stream: AsyncStream<Entry>
    private let continuation: AsyncStream<Entry>.Continuation

    /// Makes a recorder.
    ///
    /// - Parameters:
    ///   - client: Where events are written.
    ///   - component: Who reports, such as `kubelet`.
    ///   - host: The node's name.
    public init(_ client: any APIClient, component: String, host: String) {
        self.client = client
        self.component = component
        self.host = host
        (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(1000))
    }

    /// Reports something about `object`.
    public func record(_ object: JSON, _ type: EventType, _ reason: String, _ message: String, fieldPath: String? = nil)
    {
        continuation.yield(
            Entry(
                object: object, type: type.rawValue, reason: reason, message: message, fieldPath: fieldPath, time: .now)
        )
    }

    /// How serious an event is.
    public enum EventType: String, Sendable {
        /// As it should be.
        case normal = "Normal"
        /// Something to look at.
        case warning = "Warning"
    }

    /// Writes events until the task is cancelled.
    public func run() async {
        for await entry in stream { await write(entry) }
    }

    private func write(_ entry: Entry) async {
        let metadata = entry.object["metadata"]
        let name = metadata["name"].string ?? ""
        let namespace = metadata["namespace"].string ?? "default"
        var reference: JSON = [
            "kind": entry.object["kind"], "apiVersion": entry.object["apiVersion"], "name": .string(name),
            "uid": metadata["uid"],
        ]
        if !metadata["namespace"].isNull { reference["namespace"] = .string(namespace) }
        if let path = entry.fieldPath { reference["fieldPath"] = .string(path) }
        let key =
            "\(metadata["uid"].string ?? "")/\(entry.type)/\(entry.reason)/\(entry.message)/\(entry.fieldPath ?? "")"
        let digest = SHA256.hash(data: Array(key.utf8)).prefix(8).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
        let eventName = "\(name.prefix(200)).\(digest)"
        do {
            let counted = try await client.update(.events, namespace: namespace, name: eventName, subresource: nil) {
                event in
                event["count"] = .integer((event["count"].int ?? 1) + 1)
                event["lastTimestamp"] = entry.time.json
                return true
            }
            if counted != nil { return }
        } catch {
            guard error.code == 404 else { return }
        }
        let event: JSON = [
            "apiVersion": "v1", "kind": "Event",
            "metadata": ["name": .string(eventName), "namespace": .string(namespace)],
            "involvedObject": reference, "reason": .string(entry.reason), "message": .string(entry.message),
            "source": ["component": .string(component), "host": .string(host)], "firstTimestamp": entry.time.json,
            "lastTimestamp": entry.time.json, "count": 1, "type": .string(entry.type), "eventTime": .null,
            "reportingComponent": .string(component), "reportingInstance": .string(host),
        ]
        _ = try? await client.create(.events, namespace: namespace, event)
    }
}
