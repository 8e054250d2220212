import Testing

@testable import PintleStore

@Suite("The watch cache")
struct WatchCacheTests {
    /// A cache that is fed by hand.
    private func cache(_ limits: CacheLimits = CacheLimits()) -> WatchCache {
        let cache = WatchCache(limits: limits)
        cache.loaded([], revision: 10)
        return cache
    }

    private func change(_ name: String, _ revision: Int64, value: String? = "v") throws -> StoreChange {
        StoreChange(key: key(name), revision: revision, body: try value.map { try body(name, $0) })
    }

    private func describe(_ step: Watcher.Step) -> [String] {
        switch step {
        case .events(let events, _): events.map { "\($0.kind) \($0.object.key.name)@\($0.object.revision)" }
        case .expired: ["expired"]
        case .cancelled: ["cancelled"]
        }
    }

    @Test("a watcher sees additions, changes and removals in order, each with its own revision")
    func order() async throws {
        let cache = cache()
        let watcher = try cache.watch("configmaps", after: 10)
        cache.committed([try change("a", 11), try change("b", 12)])
        cache.committed([try change("a", 13, value: "w"), try change("b", 14, value: nil)])
        let step = await watcher.next()
        #expect(describe(step) == ["added a@11", "added b@12", "modified a@13", "deleted b@14"])
        guard case .events(let events, let revision) = step else { return }
        #expect(revision == 14)
        #expect(events[3].object.text.contains(#""resourceVersion":"14""#))
        #expect(events[2].previous?.revision == 11)
    }

    @Test("a waiting watcher is woken by a change of its own resource only")
    func wakes() async throws {
        let cache = cache()
        let watcher = try cache.watch("configmaps", after: nil)
        async let step = watcher.next()
        let other = ObjectKey(resource: "pods", namespace: "default", name: "p")
        cache.committed([StoreChange(key: other, revision: 11, body: try body("p"))])
        cache.committed([try change("a", 12)])
        #expect(describe(await step) == ["added a@12"])
    }

    @Test("a watch that begins before the history, or falls behind it, is told to start again")
    func expiry() async throws {
        let cache = cache(CacheLimits(events: 4))
        #expect(await failure { _ = try cache.watch("configmaps", after: 9) }?.code == .expired)
        let slow = try cache.watch("configmaps", after: 10)
        for revision in Int64(11)...20 { cache.committed([try change("a", revision, value: "\(revision)")]) }
        #expect(describe(await slow.next()) == ["expired"])
        #expect(await failure { _ = try cache.watch("configmaps", after: 15) }?.code == .expired)
        let late = try cache.watch("configmaps", after: 16)
        #expect(describe(await late.next()).count == 4)
        #expect(await failure { _ = try cache.watch("configmaps", after: 21) }?.code == .notFound)
    }

    @Test("the history is bounded in bytes too")
    func byteLimit() async throws {
        let cache = cache(CacheLimits(events: 1000, bytes: 1000))
        for revision in Int64(11)...60 { cache.committed([try change("a", revision)]) }
        #expect(await failure { _ = try cache.watch("configmaps", after: 30) }?.code == .expired)
        _ = try cache.watch("configmaps", after: 55)
    }

    @Test("poking returns an idle watcher with the current revision; cancelling ends it")
    func pokeAndCancel() async throws {
        let cache = cache()
        let watcher = try cache.watch("configmaps", after: nil)
        watcher.poke()
        guard case .events(let events, let revision) = await watcher.next() else {
            Issue.record("expected an empty batch")
            return
        }
        #expect(events.isEmpty && revision == 10)
        let waiting = Task { await watcher.next() }
        waiting.cancel()
        #expect(describe(await waiting.value) == ["cancelled"])
        #expect(cache.watcherCount == 0)
    }

    @Test("a list of an earlier revision undoes what happened since")
    func earlierLists() async throws {
        let cache = cache()
        cache.committed([try change("a", 11, value: "1"), try change("b", 12), try change("c", 13)])
        let before = cache.list("configmaps", namespace: "default")
        cache.committed([try change("a", 14, value: "2"), try change("b", 15, value: nil), try change("d", 16)])
        let then = try cache.list("configmaps", namespace: "default", at: 13)
        #expect(then.objects.map(\.text) == before.objects.map(\.text))
        let now = cache.list("configmaps", namespace: nil)
        #expect(now.objects.map(\.key.name) == ["a", "c", "d"] && now.revision == 16)
        #expect(await failure { _ = try cache.list("configmaps", namespace: nil, at: 9) }?.code == .expired)
    }

    @Test("objects are listed in the order of Kubernetes' keys, by namespace")
    func keyOrder() throws {
        let cache = cache()
        var revision: Int64 = 10
        for (namespace, name) in [("b", "x"), ("a", "z"), ("a-b", "x"), ("a", "b"), ("a", "b-c"), ("a.c", "q")] {
            revision += 1
            cache.committed([
                StoreChange(key: key(name, namespace: namespace), revision: revision, body: try body(name))
            ])
        }
        let all = cache.list("configmaps", namespace: nil).objects.map { "\($0.key.namespace)/\($0.key.name)" }
        #expect(all == ["a-b/x", "a.c/q", "a/b", "a/b-c", "a/z", "b/x"])
        #expect(cache.list("configmaps", namespace: "a").objects.map(\.key.name) == ["b", "b-c", "z"])
        #expect(cache.list("configmaps", namespace: "a-b").objects.count == 1)
        #expect(cache.list("configmaps", namespace: "c").objects.isEmpty)
    }

    @Test("all watchers see one order while many write")
    func oneOrder() async throws {
        let fixture = try StoreFixture()
        let storage = try fixture.open()
        let watchers = try (0..<20).map { _ in try storage.cache.watch("configmaps", after: nil) }
        let orders = await withTaskGroup(of: [Int64].self) { group in
            for watcher in watchers {
                group.addTask {
                    var seen: [Int64] = []
                    while seen.count < 400, case .events(let events, _) = await watcher.next() {
                        seen += events.map(\.object.revision)
                    }
                    return seen
                }
            }
            await withTaskGroup(of: Void.self) { writers in
                for writer in 0..<8 {
                    writers.addTask {
                        for i in 0..<50 { _ = try? await storage.create(key("w\(writer)-\(i)"), body("w")) }
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(orders.allSatisfy { $0 == Array(1...400) })
        storage.close()
    }
}
