import NIOCore
import NIOHTTP1
import PintleObjects
import PintleServer
import Testing

@Suite("Access and discovery")
struct AccessTests {
    @Test("whoever shows no certificate may ask for health and version and nothing else")
    func anonymous() async throws {
        try await TestServer.run { server in
            for path in ["/livez", "/readyz", "/healthz", "/version"] {
                #expect(try await server.anonymous.get(path).status == 200, "\(path)")
            }
            let rows: [(path: String, message: String)] = [
                (
                    pods,
                    #"pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" in the "#
                        + #"namespace "default""#
                ),
                (
                    "/api/v1/nodes/n1",
                    #"nodes "n1" is forbidden: User "system:anonymous" cannot get resource "nodes" in API group "" at "#
                        + "the cluster scope"
                ),
                (
                    "\(pods)/p/log",
                    #"pods "p" is forbidden: User "system:anonymous" cannot get resource "pods/log" in API group "" in "#
                        + #"the namespace "default""#
                ),
                ("/api", #"forbidden: User "system:anonymous" cannot get path "/api""#),
            ]
            for row in rows {
                let answer = try await server.anonymous.get(row.path)
                #expect(answer.status == 403 && answer.message == row.message)
            }
            #expect(try await server.anonymous.post(configMaps, configMap("a")).status == 403)
            #expect(try await server.admin.get("\(configMaps)/a").status == 404)
        }
    }

    @Test("an administrator may speak for somebody else, with that one's rights")
    func impersonation() async throws {
        try await TestServer.run { server in
            let refused = try await server.admin.get(pods, [("Impersonate-User", "jane")])
            #expect(refused.status == 403 && refused.message.contains(#"User "jane" cannot list"#))
            #expect(try await server.admin.get("/apis", [("Impersonate-User", "jane")]).status == 200)
            let group = [("Impersonate-User", "jane"), ("Impersonate-Group", "system:masters")]
            #expect(try await server.admin.get(pods, group).status == 200)
            #expect(try await server.anonymous.get("/version", [("Impersonate-User", "jane")]).status == 403)
        }
    }

    @Test("health tells its checks one by one")
    func health() async throws {
        try await TestServer.run { server in
            #expect(try await server.anonymous.get("/readyz").text == "ok")
            let verbose = try await server.admin.get("/readyz?verbose")
            #expect(verbose.text.hasPrefix("[+]ping ok\n") && verbose.text.hasSuffix("readyz check passed\n"))
            server.api.addHealthCheck("agent", alsoLive: false) { "it sleeps" }
            let failed = try await server.admin.get("/readyz")
            #expect(failed.status == 500 && failed.text.contains("[-]agent failed: reason withheld\n"))
            #expect(try await server.admin.get("/readyz?exclude=agent").status == 200)
            #expect(try await server.admin.get("/livez").status == 200)
            #expect(try await server.admin.get("/readyz/agent").status == 500)
        }
    }

    @Test("discovery lists each resource, one group at a time or all at once")
    func discovery() async throws {
        try await TestServer.run { server in
            #expect(try await server.admin.get("/api").json["versions"] == ["v1"])
            let core = try await server.admin.get("/api/v1").json
            let names = (core["resources"].array ?? []).compactMap { $0["name"].string }
            #expect(names == names.sorted())
            for name in ["pods", "pods/log", "pods/exec", "nodes/status", "namespaces/finalize", "bindings"] {
                #expect(names.contains(name), "\(name)")
            }
            #expect(!names.contains("pods/proxy"))
            let pods = core["resources"].array?.first { $0["name"].string == "pods" } ?? .null
            #expect(pods["shortNames"] == ["po"] && pods["storageVersionHash"].string == "xPOwRZ+Yhw8=")
            let groups = try await server.admin.get("/apis").json["groups"]
            #expect(groups[0]["name"].string == "coordination.k8s.io")
            #expect(groups[0]["preferredVersion"]["groupVersion"].string == "coordination.k8s.io/v1")
            #expect(try await server.admin.get("/apis/coordination.k8s.io").json["kind"].string == "APIGroup")
            let leases = try await server.admin.get("/apis/coordination.k8s.io/v1").json
            #expect(leases["resources"][0]["kind"].string == "Lease")
            #expect(try await server.admin.get("/version").json["gitVersion"].string == "v1.36.2+pintle")

            let accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
            let aggregated = try await server.admin.get("/api", [("Accept", accept)])
            #expect(
                aggregated.headers["content-type"]
                    == ["application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"])
            let resources = aggregated.items[0]["versions"][0]["resources"].array ?? []
            let pod = resources.first { $0["resource"].string == "pods" } ?? .null
            #expect(pod["responseKind"]["kind"].string == "Pod" && pod["scope"].string == "Namespaced")
            let tag = try #require(aggregated.headers["etag"].first)
            let cached = try await server.admin.get("/api", [("Accept", accept), ("If-None-Match", tag)])
            #expect(cached.status == 304 && cached.body.readableBytes == 0)
        }
    }

    @Test("OpenAPI is served in both versions, version 2 also as protobuf")
    func openAPI() async throws {
        try await TestServer.run { server in
            let two = try await server.admin.get("/openapi/v2")
            #expect(two.json["swagger"].string == "2.0")
            #expect(!two.json["definitions"]["io.k8s.api.core.v1.Pod"].isNull)
            let binary = try await server.admin.get(
                "/openapi/v2", [("Accept", "application/com.github.proto-openapi.spec.v2@v1.0+protobuf")])
            #expect(binary.status == 200 && binary.body.readableBytes > 10_000)
            #expect(
                binary.headers["content-type"] == ["application/com.github.proto-openapi.spec.v2.v1.0+protobuf"])
            let three = try await server.admin.get("/openapi/v3").json
            let url = try #require(three["paths"]["api/v1"]["serverRelativeURL"].string)
            #expect(url.hasPrefix("/openapi/v3/api/v1?hash="))
            let core = try await server.admin.get(url).json
            #expect(!core["components"]["schemas"]["io.k8s.api.core.v1.Pod"].isNull)
        }
    }
}
