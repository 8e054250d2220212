import NIOCore
import PintleKinds
import PintleObjects
import PintleStore

/// Turns the changes of a resource into the events that one client asked for.
struct WatchStream: Sendable {
    let selection: Selection
    let encoder: ObjectEncoder
    let options: ListOptions
    let cache: WatchCache

    /// How often a client that wants bookmarks gets one while nothing changes.
    static let bookmarkInterval = Duration.seconds(60)

    /// Sends events until the time is up, the client is too slow or has gone, or the task is cancelled.
    ///
    /// `write`: Sends one or more events, each a line of JSON; suspends while the client is slow.
    func run(_ write: @Sendable (ByteBuffer) async throws -> Void) async throws {
        let watcher: Watcher
        var initial: ArraySlice<CachedObject> = []
        var revision: Int64 = 0
        let wantsState = options.sendsInitialEvents ?? ((options.resourceVersion ?? 0) == 0)
        if wantsState {
            let list: CacheList
            (list, watcher) = cache.listAndWatch(selection.kind.storageName, namespace: selection.namespace)
            (initial, revision) = (list.objects, list.revision)
        } else {
            do throws(StoreError) {
                // Revision 0 and none mean "any": from now on, when the state is not wanted.
                let start = options.resourceVersion == 0 ? nil : options.resourceVersion
                watcher = try cache.watch(selection.kind.storageName, after: start)
            } catch {
                return try await write(errorLine(failure(error)))
            }
        }
        defer { watcher.cancel() }
        try await send(initial: initial, revision: revision, write)
        let deadline = ContinuousClock.now + .seconds(options.timeoutSeconds ?? Int.random(in: 1800..<3600))
        let ticker = Task { [options] in try await Self.tick(watcher, until: deadline, options.allowsBookmarks) }
        defer { ticker.cancel() }
        try await follow(watcher, until: deadline, write)
    }

    private func follow(
        _ watcher: Watcher, until deadline: ContinuousClock.Instant,
        _ write: @Sendable (ByteBuffer) async throws -> Void
    ) async throws {
        var lastSent = ContinuousClock.now
        while true {
            switch await watcher.next() {
            case .cancelled: return
            case .expired:
                return try await write(errorLine(.expired("too old resource version: the client was too slow")))
            case .events(let events, let revision):
                var buffer = ByteBuffer()
                for event in events { append(event, to: &buffer) }
                let isOver = ContinuousClock.now >= deadline
                if buffer.readableBytes == 0, options.allowsBookmarks,
                    isOver || ContinuousClock.now - lastSent >= Self.bookmarkInterval
                {
                    appendBookmark(revision, isInitial: false, to: &buffer)
                }
                if buffer.readableBytes > 0 {
                    try await write(buffer)
                    lastSent = ContinuousClock.now
                }
                if isOver { return }
            }
        }
    }

    /// Wakes the watcher when a bookmark may be due, and at the end.
    private static func tick(
        _ watcher: Watcher, until deadline: ContinuousClock.Instant, _ bookmarks: Bool
    ) async throws {
        while true {
            let next = ContinuousClock.now + bookmarkInterval
            try await Task.sleep(until: bookmarks ? min(next, deadline) : deadline, clock: .continuous)
            watcher.poke()
        }
    }

    private func send(
        initial: ArraySlice<CachedObject>, revision: Int64, _ write: @Sendable (ByteBuffer) async throws -> Void
    ) async throws {
        var buffer = ByteBuffer()
        for object in initial where selection.matches(object) {
            append("ADDED", object, to: &buffer)
            if buffer.readableBytes > 64 * 1024 {
                try await write(buffer)
                buffer = ByteBuffer()
            }
        }
        if options.sendsInitialEvents == true, options.allowsBookmarks {
            appendBookmark(revision, isInitial: true, to: &buffer)
        }
        if buffer.readableBytes > 0 { try await write(buffer) }
    }

    /// What the change means to this client: an object that begins to match is added, one that stops is deleted.
    private func append(_ event: CacheEvent, to buffer: inout ByteBuffer) {
        let matched = event.previous.map(selection.matches) ?? false
        let matches = event.kind != .deleted && selection.matches(event.object)
        switch (matched, matches) {
        case (false, true): append("ADDED", event.object, to: &buffer)
        case (true, true): append("MODIFIED", event.object, to: &buffer)
        case (true, false):
            let last = event.kind == .deleted ? event.object : event.previous?.restamped(event.object.revision)
            if let last { append("DELETED", last, to: &buffer) }
        case (false, false): break
        }
    }

    private func append(_ type: String, _ object: CachedObject, to buffer: inout ByteBuffer) {
        buffer.writeString("{\"type\":\"\(type)\",\"object\":")
        if encoder.form.shape == .object {
            buffer.writeBytes(object.bytes)
        } else {
            buffer.writeBytes(encoder.shaped(object.json).serialized())
        }
        buffer.writeString("}\n")
    }

    private func appendBookmark(_ revision: Int64, isInitial: Bool, to buffer: inout ByteBuffer) {
        var metadata: JSON = ["resourceVersion": .string("\(revision)"), "creationTimestamp": nil]
        if isInitial { metadata["annotations"] = ["k8s.io/initial-events-end": "true"] }
        let object: JSON = [
            "kind": .string(selection.kind.kind), "apiVersion": .string(selection.kind.description.apiVersion),
            "metadata": metadata,
        ]
        let shaped: JSON
        switch encoder.form.shape {
        case .object: shaped = object
        case .partialMetadata(let version): shaped = partialMetadata(object, version: version)
        case .table(let version):
            shaped = [
                "kind": "Table", "apiVersion": .string("meta.k8s.io/\(version)"), "metadata": metadata,
                "columnDefinitions": [], "rows": [],
            ]
        }
        append("BOOKMARK", shaped, to: &buffer)
    }

    private func append(_ type: String, _ object: JSON, to buffer: inout ByteBuffer) {
        let line: JSON = ["type": .string(type), "object": object]
        buffer.writeBytes(line.serialized())
        buffer.writeString("\n")
    }

    private func errorLine(_ error: StatusError) -> ByteBuffer {
        var buffer = ByteBuffer()
        append("ERROR", error.json, to: &buffer)
        return buffer
    }

    private func failure(_ error: StoreError) -> StatusError {
        let wanted = options.resourceVersion ?? 0
        let current = error.currentRevision ?? 0
        return error.code == .expired
            ? .expired("too old resource version: \(wanted) (\(current))")
            : StatusError(tooNew: wanted, current: current)
    }
}
