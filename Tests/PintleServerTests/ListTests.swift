import PintleObjects
import PintleStore
import Testing

@Suite("Lists")
struct ListTests {
    @Test("labels and fields select")
    func selectors() async throws {
        try await TestServer.run { server in
            for (name, app) in [("a", "x"), ("b", "y"), ("c", "x")] {
                let body = pod(name, extra: #","labels":{"app":"\#(app)"}"#)
                #expect(try await server.admin.post(pods, body).status == 201)
            }
            let rows: [(query: String, names: [String])] = [
                ("labelSelector=app%3Dx", ["a", "c"]),
                ("labelSelector=app%21%3Dx", ["b"]),
                ("labelSelector=app%20in%20(x%2Cy)%2C!gone", ["a", "b", "c"]),
                ("fieldSelector=metadata.name%3Db", ["b"]),
                ("fieldSelector=status.phase%3DPending%2Cmetadata.name%21%3Da", ["b", "c"]),
                ("fieldSelector=spec.nodeName%3Dn1", []),
                ("fieldSelector=spec.nodeName%3D&labelSelector=app%3Dy", ["b"]),
            ]
            for row in rows {
                #expect(try await server.admin.get("\(pods)?\(row.query)").names == row.names, "\(row.query)")
            }
            let wrong = try await server.admin.get("\(pods)?fieldSelector=spec.colour%3Dred")
            #expect(wrong.status == 400 && wrong.message.hasSuffix("field label not supported: spec.colour"))
            #expect(try await server.admin.get("\(pods)?labelSelector=%3D%3D").status == 400)
        }
    }

    @Test("a limited list goes on where it ended, and is all of one moment")
    func paging() async throws {
        try await TestServer.run { server in
            for i in 0..<7 { _ = try await server.admin.post(configMaps, configMap("m\(i)")) }
            var names: [String] = []
            var token = ""
            var versions: Set<String> = []
            repeat {
                let page = try await server.admin.get("\(configMaps)?limit=3&continue=\(token)")
                #expect(page.status == 200)
                names += page.names
                versions.insert(page.json["metadata"]["resourceVersion"].string ?? "")
                token = page.json["metadata"]["continue"].string ?? ""
                if names.count == 3 { #expect(page.json["metadata"]["remainingItemCount"].int == 5) }
                // Changes between the pages are not seen.
                _ = try await server.admin.post(configMaps, configMap("n\(names.count)"))
                _ = try await server.admin.delete("\(configMaps)/m6")
            } while !token.isEmpty
            #expect(names == ["kube-root-ca.crt"] + (0..<7).map { "m\($0)" })
            #expect(versions.count == 1)
        }
    }

    @Test("a continuation that is older than the history is gone")
    func expiredContinuation() async throws {
        try await TestServer.run(limits: CacheLimits(events: 4)) { server in
            for i in 0..<4 { _ = try await server.admin.post(configMaps, configMap("m\(i)")) }
            let page = try await server.admin.get("\(configMaps)?limit=1")
            let token = try #require(page.json["metadata"]["continue"].string)
            for i in 0..<9 { _ = try await server.admin.put("\(configMaps)/m0", configMap("m0", "x\(i)")) }
            let gone = try await server.admin.get("\(configMaps)?limit=1&continue=\(token)")
            #expect(gone.status == 410 && gone.json["reason"].string == "Expired")
            #expect(try await server.admin.get("\(configMaps)?continue=rubbish").status == 400)
        }
    }

    @Test("resourceVersion and its match are honoured")
    func versions() async throws {
        try await TestServer.run { server in
            let first = try await server.admin.post(configMaps, configMap("a"))
            let version = first.json["metadata"]["resourceVersion"].string ?? ""
            _ = try await server.admin.post(configMaps, configMap("b"))
            let exact = try await server.admin.get(
                "\(configMaps)?resourceVersion=\(version)&resourceVersionMatch=Exact")
            #expect(exact.names == ["a", "kube-root-ca.crt"])
            #expect(exact.json["metadata"]["resourceVersion"].string == version)
            let newer = try await server.admin.get(
                "\(configMaps)?resourceVersion=\(version)&resourceVersionMatch=NotOlderThan")
            #expect(newer.names == ["a", "b", "kube-root-ca.crt"])
            #expect(try await server.admin.get("\(configMaps)?resourceVersion=999999").status == 504)
            #expect(try await server.admin.get("\(configMaps)?resourceVersionMatch=Exact").status == 422)
        }
    }
}
