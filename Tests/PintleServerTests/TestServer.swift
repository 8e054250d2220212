import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import PintleClient
import PintleHTTP
import PintleObjects
import PintleServer
import PintleStore

/// A whole API server on loopback, with certificates of its own, in a directory that goes away.
final class TestServer: Sendable {
    let api: APIServer
    let storage: ObjectStorage
    let admin: TestClient
    let anonymous: TestClient
    private let http: HTTPServer
    private let running: Task<Void, Never>
    private let directory: String
    private let group: MultiThreadedEventLoopGroup

    /// Runs `body` against a fresh server and takes everything down again.
    static func run<R: Sendable>(
        limits: CacheLimits = CacheLimits(), streams: (any PodStreams)? = nil,
        _ body: @Sendable (TestServer) async throws -> R
    ) async throws -> R {
        let server = try await TestServer(limits: limits, streams: streams)
        do {
            let result = try await body(server)
            await server.stop()
            return result
        } catch {
            await server.stop()
            throw error
        }
    }

    private init(limits: CacheLimits, streams: (any PodStreams)?) async throws {
        directory = FileManager.default.temporaryDirectory.path + "/pintle-server-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        storage = try ObjectStorage(SQLiteStore(path: directory + "/store.db"), limits: limits)
        let pki = try ClusterPKI.loadOrCreate(
            directory: directory + "/pki",
            names: ServingNames(nodeName: "n1", listenAddresses: ["127.0.0.1"]))
        api = try APIServer(
            storage: storage,
            configuration: APIServerConfiguration(
                advertisedAddress: "127.0.0.1:6443", certificateAuthority: pki.authority))
        if let streams { api.connect(streams) }
        try await api.prepare()
        http = try HTTPServer(configuration: HTTPServerConfiguration(tls: pki.tls), responder: api)
        let port = try await http.listen(address: "127.0.0.1", port: 0)
        running = Task { [api] in await api.run() }
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        admin = TestClient(port: port, group: group, tls: try Self.tls(pki, showsCertificate: true))
        anonymous = TestClient(port: port, group: group, tls: try Self.tls(pki, showsCertificate: false))
    }

    private static func tls(_ pki: ClusterPKI, showsCertificate: Bool) throws -> NIOSSLContext {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(pki.authority.utf8)))
        tls.certificateVerification = .noHostnameVerification
        if showsCertificate {
            tls.certificateChain = try NIOSSLCertificate.fromPEMBytes(Array(pki.admin.certificate.utf8))
                .map { .certificate($0) }
            tls.privateKey = .privateKey(
                try NIOSSLPrivateKey(bytes: Array(pki.admin.privateKey.utf8), format: .pem))
        }
        return try NIOSSLContext(configuration: tls)
    }

    private func stop() async {
        running.cancel()
        await http.shutdown(grace: .milliseconds(200))
        await running.value
        storage.close()
        try? await group.shutdownGracefully()
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Waits until `condition` holds, at most ten seconds.
    func eventually(_ condition: @Sendable () async throws -> Bool) async throws -> Bool {
        for _ in 0..<1000 {
            if try await condition() { return true }
            try await Task.sleep(for: .milliseconds(10))
        }
        return false
    }
}

let configMaps = "/api/v1/namespaces/default/configmaps"
let pods = "/api/v1/namespaces/default/pods"

func configMap(_ name: String, _ data: String = "1", labels: String = "{}") -> String {
    #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"\#(name)","labels":\#(labels)},"data":{"v":"\#(data)"}}"#
}

func pod(_ name: String, extra: String = "") -> String {
    #"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"\#(name)"\#(extra)},"#
        + #""spec":{"containers":[{"name":"c","image":"nginx"}]}}"#
}
