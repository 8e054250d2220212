import PintleClient
import PintleObjects
import PintleServer
import PintleStore
import Testing

@Suite("Watches")
struct WatchTests {
    @Test("a watch sends what is there, then every change, and a bookmark in between when asked")
    func initialEvents() async throws {
        try await TestServer.run { server in
            _ = try await server.admin.post(configMaps, configMap("a"))
            var lines = try await server.admin.lines(
                "\(configMaps)?watch=true&allowWatchBookmarks=true&sendInitialEvents=true"
                    + "&resourceVersionMatch=NotOlderThan&fieldSelector=metadata.name%3Da")
            var event = try await lines.event()
            #expect(event.type == "ADDED" && event.object["metadata"]["name"].string == "a")
            event = try await lines.event()
            #expect(event.type == "BOOKMARK")
            #expect(event.object["metadata"]["annotations"]["k8s.io/initial-events-end"].string == "true")
            _ = try await server.admin.post(configMaps, configMap("other"))
            _ = try await server.admin.put("\(configMaps)/a", configMap("a", "2"))
            event = try await lines.event()
            #expect(event.type == "MODIFIED" && event.object["data"]["v"].string == "2")
            let version = event.object["metadata"]["resourceVersion"].string ?? ""
            _ = try await server.admin.delete("\(configMaps)/a")
            event = try await lines.event()
            #expect(event.type == "DELETED" && event.object["data"]["v"].string == "2")
            #expect(event.object["metadata"]["resourceVersion"].string != version)
        }
    }

    @Test("a watch goes on from the version of a list without losing or repeating anything")
    func resume() async throws {
        try await TestServer.run { server in
            let list = try await server.admin.get(configMaps)
            let version = list.json["metadata"]["resourceVersion"].string ?? ""
            for i in 0..<5 { _ = try await server.admin.post(configMaps, configMap("m\(i)")) }
            var lines = try await server.admin.lines(
                "\(configMaps)?watch=1&resourceVersion=\(version)&timeoutSeconds=1")
            var names: [String] = []
            while true {
                let event = try await lines.event()
                if event.type == "END" { break }
                #expect(event.type == "ADDED")
                names.append(event.object["metadata"]["name"].string ?? "")
            }
            #expect(names == (0..<5).map { "m\($0)" })
            #expect(lines.status == 200)
        }
    }

    @Test("an object that begins or ceases to match is added or deleted")
    func transitions() async throws {
        try await TestServer.run { server in
            _ = try await server.admin.post(pods, pod("p"))
            var lines = try await server.admin.lines("\(pods)?watch=1&fieldSelector=spec.nodeName%3Dn1")
            let binding =
                #"{"apiVersion":"v1","kind":"Binding","metadata":{"name":"p"},"target":{"kind":"Node","name":"n1"}}"#
            #expect(try await server.admin.post("\(pods)/p/binding", binding).status == 201)
            let added = try await lines.event()
            #expect(added.type == "ADDED" && added.object["spec"]["nodeName"].string == "n1")
            var labels = try await server.admin.lines("\(pods)?watch=1&labelSelector=app%3Dx")
            _ = try await server.admin.patch("\(pods)/p", "merge-patch+json", #"{"metadata":{"labels":{"app":"x"}}}"#)
            #expect(try await labels.event().type == "ADDED")
            _ = try await server.admin.patch("\(pods)/p", "merge-patch+json", #"{"metadata":{"labels":{"app":"y"}}}"#)
            let left = try await labels.event()
            #expect(left.type == "DELETED" && left.object["metadata"]["labels"]["app"].string == "x")
        }
    }

    @Test("a version that is too old ends the watch with 410")
    func expired() async throws {
        try await TestServer.run(limits: CacheLimits(events: 2)) { server in
            _ = try await server.admin.post(configMaps, configMap("a"))
            for i in 0..<5 { _ = try await server.admin.put("\(configMaps)/a", configMap("a", "\(i)x")) }
            var lines = try await server.admin.lines("\(configMaps)?watch=1&resourceVersion=3")
            let event = try await lines.event()
            #expect(event.type == "ERROR" && event.object["code"].int == 410)
            #expect(event.object["reason"].string == "Expired")
            #expect(try await lines.event().type == "END")
        }
    }

    @Test("rows of a table are sent as they change")
    func tables() async throws {
        try await TestServer.run { server in
            var lines = try await server.admin.lines(
                "\(pods)?watch=1", [("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io")])
            _ = try await server.admin.post(pods, pod("p"))
            let event = try await lines.event()
            #expect(event.type == "ADDED" && event.object["kind"].string == "Table")
            #expect(event.object["rows"][0]["cells"][0].string == "p")
        }
    }

    @Test("a watcher that leaves is forgotten")
    func leaving() async throws {
        try await TestServer.run { server in
            // The server's own: three of namespaces and what is in them, one of events that expire.
            let own = 4
            #expect(try await server.eventually { server.storage.cache.watcherCount == own })
            do {
                var lines = try await server.admin.lines("\(configMaps)?watch=1")
                #expect(try await lines.event().type == "ADDED")
                #expect(server.storage.cache.watcherCount == own + 1)
            }
            #expect(try await server.eventually { server.storage.cache.watcherCount == own })
        }
    }

    @Test("a reader in the process that is too slow for the history still ends up right")
    func localWatch() async throws {
        try await TestServer.run(limits: CacheLimits(events: 3)) { server in
            let client = server.api.client
            _ = try await client.create(.configMaps, namespace: "default", ["metadata": ["name": "old"]])
            var seen: [String: String] = [:]
            var stream = client.watch(.configMaps, namespace: "default", fieldSelector: nil).makeAsyncIterator()
            func apply(_ event: WatchEvent?) {
                switch event {
                case .added(let object)?, .modified(let object)?:
                    seen[object["metadata"]["name"].string ?? ""] = object["data"]["v"].string ?? ""
                case .deleted(let object)?: seen[object["metadata"]["name"].string ?? ""] = nil
                case .synced?, nil: break
                }
            }
            while case let event? = await stream.next() {
                apply(event)
                if case .synced = event { break }
            }
            #expect(Set(seen.keys) == ["kube-root-ca.crt", "old"])
            try await client.delete(.configMaps, namespace: "default", name: "old")
            for i in 0..<10 {
                _ = try await client.create(
                    .configMaps, namespace: "default",
                    ["metadata": ["name": .string("m\(i)")], "data": ["v": .string("\(i)")]])
            }
            while seen.count < 11 || seen["old"] != nil { apply(await stream.next()) }
            #expect(seen["m9"] == "9")
        }
    }
}
