import PintleObjects
import Testing

@Suite("Namespaces")
struct NamespaceTests {
    @Test("every namespace gets a service account and the cluster's certificate, and gets them back")
    func contents() async throws {
        try await TestServer.run { server in
            let all = try await server.admin.get("/api/v1/namespaces")
            #expect(all.names == ["default", "kube-node-lease", "kube-public", "kube-system"])
            let made = try await server.admin.post("/api/v1/namespaces", #"{"metadata":{"name":"n"}}"#)
            #expect(made.status == 201 && made.json["status"]["phase"].string == "Active")
            #expect(made.json["metadata"]["labels"]["kubernetes.io/metadata.name"].string == "n")
            let account = "/api/v1/namespaces/n/serviceaccounts/default"
            #expect(try await server.admin.get(account).status == 200)
            let certificate = try await server.admin.get("/api/v1/namespaces/n/configmaps/kube-root-ca.crt")
            #expect(certificate.json["data"]["ca.crt"].string?.hasPrefix("-----BEGIN CERTIFICATE-----") == true)
            #expect(try await server.admin.delete(account).status == 200)
            #expect(try await server.eventually { try await server.admin.get(account).status == 200 })
        }
    }

    @Test("deleting a namespace empties it, refuses new objects meanwhile, and then removes it")
    func deletion() async throws {
        try await TestServer.run { server in
            _ = try await server.admin.post("/api/v1/namespaces", #"{"metadata":{"name":"n"}}"#)
            let inside = "/api/v1/namespaces/n"
            _ = try await server.admin.post("\(inside)/configmaps", configMap("c"))
            _ = try await server.admin.post("\(inside)/pods", pod("p"))
            let binding = #"{"metadata":{"name":"p"},"target":{"name":"n1"}}"#
            #expect(try await server.admin.post("\(inside)/pods/p/binding", binding).status == 201)
            let deleted = try await server.admin.delete("/api/v1/namespaces/n")
            #expect(deleted.status == 200 && deleted.json["status"]["phase"].string == "Terminating")

            // The pod runs on a node and takes its time; the namespace waits for it.
            #expect(try await server.eventually { try await server.admin.get("\(inside)/configmaps/c").status == 404 })
            let refused = try await server.admin.post("\(inside)/configmaps", configMap("late"))
            #expect(refused.status == 403)
            #expect(
                refused.message
                    == #"configmaps "late" is forbidden: unable to create new content in namespace n because it is "#
                    + "being terminated")
            #expect(refused.json["details"]["causes"][0]["reason"].string == "NamespaceTerminating")
            #expect(try await server.admin.get("/api/v1/namespaces/n").status == 200)
            _ = try await server.admin.delete("\(inside)/pods/p", #"{"gracePeriodSeconds":0}"#)
            #expect(try await server.eventually { try await server.admin.get("/api/v1/namespaces/n").status == 404 })
            for resource in ["configmaps", "pods", "serviceaccounts", "secrets", "events"] {
                #expect(try await server.admin.get("\(inside)/\(resource)").items.isEmpty)
            }
        }
    }

    @Test("what every cluster needs cannot be deleted")
    func permanent() async throws {
        try await TestServer.run { server in
            let refused = try await server.admin.delete("/api/v1/namespaces/default")
            #expect(refused.status == 403)
            #expect(refused.message == #"namespaces "default" is forbidden: this namespace may not be deleted"#)
        }
    }
}
