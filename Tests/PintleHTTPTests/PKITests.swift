import Foundation
import Glibc
import Testing

@testable import PintleHTTP

@Suite("The cluster's own authority")
struct PKITests {
    private let directory: TemporaryDirectory
    private let names = ServingNames(nodeName: "node-1", listenAddresses: ["192.0.2.7"])

    init() throws { self.directory = try TemporaryDirectory() }

    private var path: String { "\(self.directory.path)/pki" }

    private func load(_ names: ServingNames? = nil, now: Date = Date()) throws -> ClusterPKI {
        try ClusterPKI.loadOrCreate(directory: self.path, names: names ?? self.names, now: now)
    }

    private func mode(_ path: String) throws -> Int {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int ?? 0
    }

    @Test("only the owner may read what is made, and nothing temporary stays")
    func modes() throws {
        _ = try self.load()
        #expect(try self.mode(self.path) == 0o700)
        let files = try FileManager.default.contentsOfDirectory(atPath: self.path).sorted()
        let stems = ["admin", "apiserver", "apiserver-kubelet-client", "ca"]
        #expect(files == stems.flatMap { ["\($0).crt", "\($0).key"] }.sorted())
        for file in files { #expect(try self.mode("\(self.path)/\(file)") == 0o600) }
    }

    @Test("what is there and good is kept")
    func kept() throws {
        let first = try self.load(), second = try self.load()
        #expect(first.serving == second.serving && first.admin == second.admin && first.authority == second.authority)
        #expect(first.kubeletClient == second.kubeletClient)
    }

    @Test("the serving certificate follows the names, the others stay")
    func changedNames() throws {
        let first = try self.load()
        let second = try self.load(ServingNames(nodeName: "node-2", listenAddresses: ["192.0.2.7"]))
        #expect(first.serving != second.serving)
        #expect(first.admin == second.admin && first.authority == second.authority)
    }

    @Test("leaves are renewed a month before their end, the authority is not")
    func renewal() throws {
        let first = try self.load()
        #expect(try self.load(now: Date() + 334 * 86400).admin == first.admin)
        let later = try self.load(now: Date() + 336 * 86400)
        #expect(later.admin != first.admin && later.serving != first.serving && later.authority == first.authority)
    }

    @Test("openssl agrees: chain, names, usage, subject")
    func openssl() async throws {
        _ = try self.load()
        for (leaf, purpose) in [
            ("apiserver", "sslserver"), ("admin", "sslclient"), ("apiserver-kubelet-client", "sslclient"),
        ] {
            let outcome = try await run(
                [
                    "openssl", "verify", "-x509_strict", "-purpose", purpose, "-CAfile", "\(self.path)/ca.crt",
                    "\(self.path)/\(leaf).crt",
                ])
            #expect(outcome.status == 0, "\(outcome)")
        }
        let serving = try await run([
            "openssl", "x509", "-in", "\(self.path)/apiserver.crt", "-noout", "-ext", "subjectAltName",
        ])
        for name in [
            "DNS:localhost", "DNS:kubernetes", "DNS:kubernetes.default", "DNS:kubernetes.default.svc",
            "DNS:kubernetes.default.svc.cluster.local", "DNS:node-1", "IP Address:127.0.0.1",
            "IP Address:0:0:0:0:0:0:0:1", "IP Address:10.96.0.1", "IP Address:192.0.2.7",
        ] { #expect(serving.output.contains(name), "\(serving.output)") }
        let admin = try await run(["openssl", "x509", "-in", "\(self.path)/admin.crt", "-noout", "-subject"])
        #expect(admin.output == "subject=O = system:masters, CN = kubernetes-admin\n")
    }

    @Test(
        "damage to the authority is an error that names the file, and nothing is overwritten",
        arguments: ["ca.crt", "ca.key"])
    func damage(_ file: String) throws {
        _ = try self.load()
        let path = "\(self.path)/\(file)"
        try Data("nonsense".utf8).write(to: URL(fileURLWithPath: path))
        let damaged = #expect(throws: PKIError.self) { try self.load() }
        #expect(damaged?.message.contains("\(self.path)/ca.crt") == true)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "nonsense")
        unlink("\(self.path)/ca.key")
        let missing = #expect(throws: PKIError.self) { try self.load() }
        #expect(missing?.message.contains("ca.key") == true)
    }

    @Test("a damaged or foreign leaf is replaced")
    func damagedLeaf() throws {
        let first = try self.load()
        try Data("nonsense".utf8).write(to: URL(fileURLWithPath: "\(self.path)/admin.crt"))
        try Data(first.serving.privateKey.utf8).write(
            to: URL(fileURLWithPath: "\(self.path)/apiserver-kubelet-client.key"))
        let second = try self.load()
        #expect(second.admin != first.admin && second.kubeletClient != first.kubeletClient)
        #expect(second.serving == first.serving)
    }

    @Test("a directory that cannot be made is named")
    func noParent() throws {
        let error = #expect(throws: PKIError.self) {
            try ClusterPKI.loadOrCreate(directory: "\(self.directory.path)/a/b", names: self.names)
        }
        #expect(error?.path == "\(self.directory.path)/a/b" && error?.errno == ENOENT)
    }

    @Test("addresses are told from names, unspecified ones and doubles are left out")
    func servingNames() {
        let names = ServingNames(
            nodeName: "localhost", listenAddresses: ["0.0.0.0", "::", "0:0:0:0:0:0:0:1", "192.0.2.1", "h"])
        #expect(names.dns.filter { $0 == "localhost" }.count == 1 && names.dns.last == "h")
        #expect(names.addresses == ["127.0.0.1", "::1", "10.96.0.1", "192.0.2.1"])
    }
}
