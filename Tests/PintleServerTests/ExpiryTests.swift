import PintleClient
import PintleObjects
import PintleStore
import Testing

@testable import PintleServer

@Suite("Objects that expire")
struct ExpiryTests {
    @Test("events go an hour after they last happened, and no earlier")
    func events() async throws {
        try await TestServer.run { server in
            let kind = try server.api.operations.kinds.find(.events)
            // Written as an earlier run of the server would have left them.
            for (name, age) in [("fresh", Int64(3500)), ("stale", 3700)] {
                let time = Timestamp.now.advanced(seconds: -age).json
                let event: JSON = [
                    "kind": "Event", "apiVersion": "v1",
                    "metadata": ["name": .string(name), "namespace": "default", "creationTimestamp": time],
                    "lastTimestamp": time,
                ]
                _ = try await server.storage.create(
                    kind.key(namespace: "default", name: name), EncodedObject(event.serialized()))
            }
            let events = "/api/v1/namespaces/default/events"
            #expect(try await server.eventually { try await server.admin.get(events).names == ["fresh"] })
        }
    }
}
