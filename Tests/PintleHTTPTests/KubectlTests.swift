import Foundation
import NIOCore
import Testing

@testable import PintleHTTP

/// Just enough of Kubernetes' API for kubectl to exec into a pod and forward its ports.
private enum FakeAPI {
    static let pod = """
        {"kind":"Pod","apiVersion":"v1","metadata":{"name":"p","namespace":"default","uid":"1"},
        "spec":{"nodeName":"n","containers":[{"name":"c","image":"i","stdin":true}]},
        "status":{"phase":"Running","containerStatuses":[{"name":"c","ready":true,"state":{"running":{}}}]}}
        """
    static let answers = [
        "/api": #"{"kind":"APIVersions","versions":["v1"],"serverAddressByClientCIDRs":[]}"#,
        "/apis": #"{"kind":"APIGroupList","apiVersion":"v1","groups":[]}"#,
        "/version": #"{"major":"1","minor":"36","gitVersion":"v1.36.0"}"#,
        "/api/v1": """
        {"kind":"APIResourceList","groupVersion":"v1","resources":[
        {"name":"pods","singularName":"pod","namespaced":true,"kind":"Pod","verbs":["get","list"]},
        {"name":"pods/exec","singularName":"","namespaced":true,"kind":"PodExecOptions","verbs":["create","get"]}]}
        """,
        "/api/v1/namespaces/default/pods/p": pod,
    ]

    static func respond(_ request: HTTPRequest, _ exchange: HTTPExchange, echo: Int) {
        guard request.identity?.user == "kubernetes-admin" else { return exchange.send(401, "who are you") }
        if request.wantsUpgrade {
            Task { await ShellCommand.serve(request, exchange) { _ in try EchoServer.connect(to: echo) } }
        } else if let answer = self.answers[request.path] {
            exchange.send(
                status: 200, headers: [("content-type", "application/json")], body: ByteBuffer(string: answer))
        } else {
            exchange.send(404, "no \(request.path)")
        }
    }
}

@Suite("A real kubectl", .serialized)
struct KubectlTests {
    /// kubectl's own switches choose the protocol: WebSocket by default in new ones.
    static let protocols = [
        ["KUBECTL_REMOTE_COMMAND_WEBSOCKETS": "true", "KUBECTL_PORT_FORWARD_WEBSOCKETS": "true"],
        ["KUBECTL_REMOTE_COMMAND_WEBSOCKETS": "false", "KUBECTL_PORT_FORWARD_WEBSOCKETS": "false"],
    ]
    /// The program under test; PINTLE_TEST_KUBECTL names another than the one in the PATH.
    private static let program = environment("PINTLE_TEST_KUBECTL") ?? "kubectl"

    /// How to call kubectl against the fake API.
    private struct Kubectl: Sendable {
        let prefix: [String]
        let settings: [String: String]

        func callAsFunction(_ words: String..., input: Data? = nil) async throws -> Outcome {
            try await run(self.prefix + words, input: input, environment: self.settings)
        }
    }

    private func withKubectl(_ settings: [String: String], _ body: (Kubectl) async throws -> Void) async throws {
        let directory = try TemporaryDirectory()
        let pki = try ClusterPKI.loadOrCreate(
            directory: "\(directory.path)/pki", names: ServingNames(nodeName: "n", listenAddresses: ["127.0.0.1"]))
        let echo = try EchoServer(prefix: "echo:")
        defer { echo.stop() }
        try await withServer(tls: pki.tls, responder: { FakeAPI.respond($0, $1, echo: echo.port) }) { _, port in
            let config = "\(directory.path)/kubeconfig"
            try pki.kubeconfig(server: "https://127.0.0.1:\(port)", name: "pintle-0a1b2c3d")
                .write(toFile: config, atomically: true, encoding: .utf8)
            let prefix = [Self.program, "--cache-dir", "\(directory.path)/cache", "--kubeconfig", config]
            try await body(Kubectl(prefix: prefix, settings: settings))
        }
    }

    @Test("exec: output, error output, input and exit code", arguments: protocols)
    func exec(_ settings: [String: String]) async throws {
        try await self.withKubectl(settings) { kubectl in
            let plain = try await kubectl("exec", "p", "--", "sh", "-c", "echo out; echo err >&2; exit 3")
            #expect(plain.output == "out\n" && plain.errors.hasPrefix("err\n"), "\(plain)")
            #expect(plain.status == 3 && plain.errors.contains("command terminated with exit code 3"), "\(plain)")
            let input = Data((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) })
            let piped = try await kubectl("exec", "-i", "p", "--", "md5sum", input: input)
            let expected = try await run(["md5sum"], input: input)
            #expect(piped.output == expected.output && piped.status == 0, "\(piped)")
            let large = try await kubectl("exec", "p", "--", "sh", "-c", "seq 1 500000")
            #expect(large.output.hasSuffix("\n499999\n500000\n") && large.status == 0, "\(large.errors)")
        }
    }

    @Test("cp: a file there and back", arguments: protocols)
    func copy(_ settings: [String: String]) async throws {
        let directory = try TemporaryDirectory()
        let (source, remote, back) = ("\(directory.path)/source", "\(directory.path)/remote", "\(directory.path)/back")
        let content = Data((0..<2_000_000).map { UInt8(truncatingIfNeeded: $0 &* 13) })
        try content.write(to: URL(fileURLWithPath: source))
        try await self.withKubectl(settings) { kubectl in
            let there = try await kubectl("cp", source, "p:\(remote)")
            #expect(there.status == 0, "\(there)")
            let again = try await kubectl("cp", "p:\(remote)", back)
            #expect(again.status == 0, "\(again)")
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: back)) == content)
    }

    @Test("attach: what comes is shown until it ends", arguments: protocols)
    func attach(_ settings: [String: String]) async throws {
        try await self.withKubectl(settings) { kubectl in
            // The fake runs the command of the query; attach has none, and so gets `env`'s output.
            let outcome = try await kubectl("attach", "p")
            #expect(outcome.output.contains("PATH="), "\(outcome)")
            #expect(outcome.status == 0)
        }
    }

    @Test("port-forward: several connections, one after the other", arguments: protocols)
    func portForward(_ settings: [String: String]) async throws {
        try await self.withKubectl(settings) { kubectl in
            let free = try EchoServer(prefix: "")
            let port = free.port
            free.stop()
            let forwarding = try Background(
                kubectl.prefix + ["port-forward", "p", "\(port):80", "--address", "127.0.0.1"], environment: settings)
            let connected = await eventually {
                guard let descriptor = try? EchoServer.connect(to: port) else { return false }
                close(descriptor)
                return true
            }
            #expect(connected)
            for number in 0..<3 {
                let text = try await blocking {
                    let client = try RawClient(port: port)
                    try client.send("hello \(number)")
                    client.shutdownOutput()
                    return try client.readToEnd()
                }
                #expect(text == "echo:hello \(number)")
            }
            try await forwarding.end()
        }
    }
}
