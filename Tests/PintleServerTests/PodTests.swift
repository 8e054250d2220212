import NIOCore
import NIOHTTP1
import PintleClient
import PintleObjects
import Synchronization
import Testing

@Suite("Pods")
struct PodTests {
    private func bind(_ server: TestServer, _ name: String) async throws -> Answer {
        let body = #"{"apiVersion":"v1","kind":"Binding","metadata":{"name":"\#(name)"},"target":{"name":"n1"}}"#
        return try await server.admin.post("\(pods)/\(name)/binding", body)
    }

    @Test("a new pod is pending, defaulted and has a service account")
    func creation() async throws {
        try await TestServer.run { server in
            let made = try await server.admin.post(pods, pod("p"))
            #expect(made.status == 201)
            #expect(made.json["status"]["phase"].string == "Pending")
            #expect(made.json["spec"]["serviceAccountName"].string == "default")
            #expect(made.json["spec"]["restartPolicy"].string == "Always")
            #expect(made.json["spec"]["containers"][0]["imagePullPolicy"].string == "Always")
            #expect(made.json["metadata"]["generation"].int == 1)
        }
    }

    @Test("a pod is bound once, which sets its condition")
    func binding() async throws {
        try await TestServer.run { server in
            _ = try await server.admin.post(pods, pod("p"))
            #expect(try await bind(server, "p").status == 201)
            let bound = try await server.admin.get("\(pods)/p").json
            #expect(bound["spec"]["nodeName"].string == "n1")
            #expect(bound["status"]["conditions"][0]["type"].string == "PodScheduled")
            let again = try await bind(server, "p")
            #expect(again.status == 409 && again.message.contains(#"already assigned to node "n1""#))
            #expect(try await bind(server, "none").status == 404)
        }
    }

    @Test("a pod that runs nowhere is deleted at once, one on a node when the node has confirmed it")
    func gracefulDeletion() async throws {
        try await TestServer.run { server in
            _ = try await server.admin.post(pods, pod("loose"))
            let gone = try await server.admin.delete("\(pods)/loose")
            #expect(gone.status == 200 && gone.json["kind"].string == "Pod")
            #expect(try await server.admin.get("\(pods)/loose").status == 404)

            _ = try await server.admin.post(pods, pod("p"))
            _ = try await bind(server, "p")
            let marked = try await server.admin.delete("\(pods)/p")
            #expect(marked.status == 200)
            #expect(marked.json["metadata"]["deletionGracePeriodSeconds"].int == 30)
            let again = try await server.admin.delete("\(pods)/p")
            #expect(again.json["metadata"]["deletionTimestamp"] == marked.json["metadata"]["deletionTimestamp"])
            let shorter = try await server.admin.delete("\(pods)/p", #"{"gracePeriodSeconds":5}"#)
            #expect(shorter.json["metadata"]["deletionGracePeriodSeconds"].int == 5)
            let other = try await server.admin.delete(
                "\(pods)/p", #"{"gracePeriodSeconds":0,"preconditions":{"uid":"another"}}"#)
            #expect(other.status == 409)
            let uid = marked.json["metadata"]["uid"].string ?? ""
            #expect(
                try await server.admin.delete(
                    "\(pods)/p", #"{"gracePeriodSeconds":0,"preconditions":{"uid":"\#(uid)"}}"#
                ).status == 200)
            #expect(try await server.admin.get("\(pods)/p").status == 404)
        }
    }

    @Test("the status changes by its subresource only, and leaves the spec alone")
    func status() async throws {
        try await TestServer.run { server in
            let made = try await server.admin.post(pods, pod("p")).json
            var changed = made
            changed["status"]["phase"] = "Running"
            changed["spec"]["terminationGracePeriodSeconds"] = 1
            let status = try await server.admin.put("\(pods)/p/status", changed.description)
            #expect(status.status == 200 && status.json["status"]["phase"].string == "Running")
            #expect(status.json["spec"] == made["spec"])
            let patched = try await server.admin.patch(
                "\(pods)/p/status", "strategic-merge-patch+json",
                #"{"status":{"conditions":[{"type":"Ready","status":"True"}]}}"#)
            #expect(patched.status == 200 && patched.json["status"]["phase"].string == "Running")
            let spec = try await server.admin.patch("\(pods)/p", "merge-patch+json", #"{"status":{"phase":"Failed"}}"#)
            #expect(spec.status == 200 && spec.json["status"]["phase"].string == "Running")
        }
    }

    @Test("eviction deletes")
    func eviction() async throws {
        try await TestServer.run { server in
            _ = try await server.admin.post(pods, pod("p"))
            let body = #"{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"p"}}"#
            #expect(try await server.admin.post("\(pods)/p/eviction", body).status == 201)
            #expect(try await server.admin.get("\(pods)/p").status == 404)
        }
    }

    @Test("a log is streamed with the options that were asked for; errors keep their status")
    func logs() async throws {
        let streams = FakeStreams()
        try await TestServer.run(streams: streams) { server in
            _ = try await server.admin.post(pods, pod("p"))
            _ = try await bind(server, "p")
            let log = try await server.admin.get("\(pods)/p/log?tailLines=2&timestamps=true")
            #expect(log.status == 200 && log.text == "one\ntwo\n")
            #expect(log.headers["content-type"] == ["text/plain"])
            let asked = streams.asked.withLock { $0 }
            #expect(asked == LogOptions(timestamps: true, tailLines: 2))
            let waiting = try await server.admin.get("\(pods)/p/log?previous=true")
            #expect(waiting.status == 400 && waiting.message == "there is no previous container")
            let wrong = try await server.admin.get("\(pods)/p/log?container=x")
            #expect(wrong.status == 400 && wrong.message == "container x is not valid for pod p")
            #expect(try await server.admin.get("\(pods)/none/log").status == 404)
            #expect(try await server.admin.get("\(pods)/p/log?tailLines=-1").status == 422)
        }
    }

    @Test("exec refuses before it leaves HTTP what it can refuse")
    func execRefusals() async throws {
        try await TestServer.run(streams: FakeStreams()) { server in
            _ = try await server.admin.post(pods, pod("p"))
            let rows: [(query: String, message: String)] = [
                ("command=ls&stdout=1", "pod p does not have a host assigned"),
                ("stdout=1", "you must specify at least one command for the container"),
                ("command=ls", "you must specify at least 1 of stdin, stdout, stderr"),
                ("command=ls&stdout=1&container=y", "container y is not valid for pod p"),
            ]
            for row in rows {
                let answer = try await server.admin.post("\(pods)/p/exec?\(row.query)", "")
                #expect(answer.status == 400 && answer.message == row.message)
            }
            _ = try await bind(server, "p")
            let plain = try await server.admin.post("\(pods)/p/exec?command=ls&stdout=1", "")
            #expect(plain.status == 400, "\(plain.text)")
        }
    }
}

/// Answers logs with two lines; previous logs do not exist.
final class FakeStreams: PodStreams {
    let asked = Mutex<LogOptions?>(nil)

    func logs(
        _ target: ContainerTarget, _ options: LogOptions, write: @Sendable ([UInt8]) async throws -> Void
    ) async throws(StatusError) {
        asked.withLock { $0 = options }
        if options.previous { throw .badRequest("there is no previous container") }
        for line in ["one\n", "two\n"] { try? await write(Array(line.utf8)) }
    }

    func exec(
        _ target: ContainerTarget, command: [String], tty: Bool, streams: StandardStreams
    ) async throws(StatusError) -> Int32 { throw .internalError("not in this test") }

    func attach(_ target: ContainerTarget, tty: Bool, streams: StandardStreams) async throws(StatusError) {
        throw .internalError("not in this test")
    }

    func portForward(namespace: String, pod: String, uid: String, port: Int) async throws(StatusError) -> Int32 {
        throw .internalError("not in this test")
    }
}
