import PintleClient
import PintleObjects
import PintleServer
import Synchronization
import Testing

@Suite("The client in the process")
struct ClientTests {
    private func pod(_ name: String) -> JSON {
        ["metadata": ["name": .string(name)], "spec": ["containers": [["name": "c", "image": "nginx"]]]]
    }

    @Test("reads and writes by the same rules as HTTP")
    func rules() async throws {
        try await TestServer.run { server in
            let client = server.api.client
            let made = try await client.create(.pods, namespace: "default", pod("p"))
            #expect(made["kind"].string == "Pod" && made["spec"]["dnsPolicy"].string == "ClusterFirst")
            #expect(made["metadata"]["resourceVersion"].string != nil)
            #expect(try await client.get(.pods, namespace: "default", name: "p") == made)
            #expect(try await client.find(.pods, namespace: "default", name: "none") == nil)
            let missing = await #expect(throws: StatusError.self) {
                try await client.create(.pods, namespace: "nowhere", pod("p"))
            }
            #expect(missing?.code == 404)
            let invalid = await #expect(throws: StatusError.self) {
                try await client.create(.pods, namespace: "default", pod("Bad"))
            }
            #expect(invalid?.reason == "Invalid")

            let uid = made["metadata"]["uid"].string ?? ""
            try await client.bind(pod: "p", namespace: "default", uid: uid, node: "n1")
            let mine = try await client.list(
                .pods, namespace: nil, labelSelector: nil, fieldSelector: "spec.nodeName=n1")
            #expect(mine.count == 1)
            let wrong = await #expect(throws: StatusError.self) {
                try await client.delete(.pods, namespace: "default", name: "p", gracePeriodSeconds: 0, uid: "another")
            }
            #expect(wrong?.code == 409)
            try await client.delete(.pods, namespace: "default", name: "p", gracePeriodSeconds: 0, uid: uid)
            #expect(try await client.find(.pods, namespace: "default", name: "p") == nil)
        }
    }

    @Test("updates made at once are all kept")
    func concurrentUpdates() async throws {
        try await TestServer.run { server in
            let client = server.api.client
            _ = try await client.create(
                .configMaps, namespace: "default", ["metadata": ["name": "n"], "data": ["n": "0"]])
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        _ = try? await client.update(.configMaps, namespace: "default", name: "n", subresource: nil) {
                            $0["data"]["n"] = .string("\((Int($0["data"]["n"].string ?? "") ?? 0) + 1)")
                            return true
                        }
                    }
                }
            }
            let counted = try await client.get(.configMaps, namespace: "default", name: "n")
            #expect(counted["data"]["n"].string == "20")
            let untouched = try await client.update(
                .configMaps, namespace: "default", name: "n", subresource: nil
            ) { _ in false }
            #expect(untouched == nil)
        }
    }

    @Test("an informer has what matches, and tells every change")
    func informer() async throws {
        try await TestServer.run { server in
            let client = server.api.client
            _ = try await client.create(.pods, namespace: "default", pod("before"))
            let informer = Informer(client, .pods, namespace: "default")
            let told = Mutex<[String]>([])
            let work = Task {
                await informer.run { change in
                    let kind = change.old == nil ? "new" : change.new == nil ? "gone" : "changed"
                    told.withLock { $0.append("\(kind) \(change.name.name)") }
                }
            }
            #expect(try await server.eventually { informer.isSynced })
            #expect(informer.get(namespace: "default", name: "before") != nil)
            _ = try await client.create(.pods, namespace: "default", pod("after"))
            _ = try await client.update(.pods, namespace: "default", name: "after", subresource: "status") {
                $0["status"]["phase"] = "Running"
                return true
            }
            try await client.delete(.pods, namespace: "default", name: "before")
            let expected = ["new before", "new after", "changed after", "gone before"]
            #expect(try await server.eventually { told.withLock { $0 == expected } })
            #expect(informer.all().count == 1)
            work.cancel()
            await work.value
        }
    }
}
