import PintleKinds
import PintleObjects
import PintleStore

/// Removes objects of kinds that live for a limited time after their last write: Events.
///
/// It sleeps until the oldest object is due and never longer than needed; without objects it sleeps until one comes.
struct ObjectExpiry: Sendable {
    let writer: ObjectWriter
    let kind: ServedKind
    /// Seconds after the last write.
    let timeToLive: Int64

    /// Works until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            let (list, watcher) = writer.cache.listAndWatch(kind.storageName, namespace: nil)
            guard let due = await removeExpired(list.objects) else {
                if case .cancelled = await watcher.next() { return }
                continue
            }
            // At most once a minute, so that many events that expire one after another cost one look.
            let seconds = max(60, due - Timestamp.now.seconds)
            do { try await Task.sleep(for: .seconds(seconds)) } catch { return }
        }
    }

    /// Removes what is over; returns when the next one is, in seconds since 1970.
    private func removeExpired(_ objects: ArraySlice<CachedObject>) async -> Int64? {
        let now = Timestamp.now.seconds
        var next: Int64?
        for object in objects {
            let due = lastWrite(object.json) + timeToLive
            if due <= now {
                _ = try? await writer.storage.remove(object)
            } else {
                next = min(next ?? due, due)
            }
        }
        return next
    }

    private func lastWrite(_ object: JSON) -> Int64 {
        let times = [
            object["lastTimestamp"], object["series"]["lastObservedTime"], object["eventTime"],
            object["metadata"]["creationTimestamp"],
        ]
        return times.compactMap { $0.string.flatMap { Timestamp(rfc3339: $0) }?.seconds }.max() ?? 0
    }
}
