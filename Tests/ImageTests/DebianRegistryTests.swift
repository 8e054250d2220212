import Glibc
import Testing

@testable import RuntimeNamespaceCore

/// Debian's `docker-registry` on a loopback port, with TLS and a password.
final class DebianRegistry {
    let port: Int
    private let pid: pid_t

    init(_ sandbox: Sandbox) throws {
        port = Int.random(in: 20000...29999)
        // The password is "secret".
        let hash = "$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a"
        try sandbox.write("htpasswd", Array("me:\(hash)\n".utf8))
        try sandbox.write(
            "registry.yml",
            Array(
                """
                version: 0.1
                log: {level: error, accesslog: {disabled: true}}
                storage: {filesystem: {rootdirectory: \(sandbox["registry"])}}
                auth: {htpasswd: {realm: test, path: \(sandbox["htpasswd"])}}
                http:
                  addr: 127.0.0.1:\(port)
                  tls: {certificate: \(sandbox["cert.pem"]), key: \(sandbox["key.pem"])}
                """.utf8))
        try shell(
            """
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test \
            -addext subjectAltName=IP:127.0.0.1 -keyout \(sandbox["key.pem"]) -out \(sandbox["cert.pem"]) 2>/dev/null
            """)
        try shell(
            "docker-registry serve \(sandbox["registry.yml"]) >\(sandbox["log"]) 2>&1 & echo $! > \(sandbox["pid"])")
        pid = try #require(pid_t(try text(sandbox["pid"]).prefix { $0 != "\n" }))
        try shell(
            "for i in $(seq 100); do openssl s_client -connect 127.0.0.1:\(port) </dev/null >/dev/null 2>&1 && exit 0; sleep 0.1; done; exit 1"
        )
    }

    deinit {
        kill(pid, SIGKILL)
        // It is init's child, not ours.
        while kill(pid, 0) == 0 { usleep(10_000) }
    }

    func push(_ archive: String, _ name: String) throws {
        try shell(
            """
            skopeo copy -q --insecure-policy --dest-creds me:secret --dest-tls-verify=false \
            \(archive) docker://127.0.0.1:\(port)/\(name)
            """)
    }
}

extension ImageTests {
    @Suite("Debian's registry")
    struct RealRegistry {
        @Test("serves images over TLS to who knows the password and trusts its authority")
        func pull() throws {
            try sandboxed { sandbox throws in
                let registry = try DebianRegistry(sandbox)
                let host = "127.0.0.1:\(registry.port)"
                try registry.push("docker-archive:\(DebianImages.directory)/busybox.tar", "library/busybox:1.35")
                try registry.push("oci-archive:\(DebianImages.directory)/nginx.tar", "library/nginx:latest")
                let store = try sandbox.open { configuration in
                    var own = RegistryConfiguration(host: host)
                    own.caFile = sandbox["cert.pem"]
                    own.auth = RegistryAuth(username: "me", password: "secret")
                    // The mirror is looked up under its own address for authority and password.
                    configuration.registries = [
                        own, RegistryConfiguration(host: "docker.io", mirrors: ["https://\(host)"]),
                    ]
                }
                defer { store.close() }
                let direct = try store.pull("\(host)/library/nginx")
                let mirrored = try store.pull("nginx")
                #expect(direct.id == mirrored.id)
                #expect(
                    mirrored.repoTags == ["\(host)/library/nginx:latest", "docker.io/library/nginx:latest"].sorted())
                #expect(direct.config.cmd == ["nginx", "-g", "daemon off;"] && direct.config.stopSignal == "SIGQUIT")
                let busybox = try store.pull("busybox:1.35")
                #expect(direct.layers.last == busybox.layers.last)
                let wrong = failure(of: {
                    _ = try store.pull(
                        "\(host)/library/busybox:1.35", auth: RegistryAuth(username: "me", password: "x"))
                })
                #expect(wrong?.reason == "ErrImagePull" && wrong?.code == .permission)
                let missing = failure(of: { _ = try store.pull("\(host)/library/nothing") })
                #expect(missing?.reason == "ErrImagePull" && missing?.code == .notFound)
            }
        }

        @Test("is not spoken to when its certificate is unknown")
        func untrusted() throws {
            try sandboxed { sandbox throws in
                let registry = try DebianRegistry(sandbox)
                let host = "127.0.0.1:\(registry.port)"
                let store = try sandbox.open { configuration in
                    configuration.registries = [RegistryConfiguration(host: "docker.io", mirrors: [])]
                    configuration.registries[0].mirrors = ["https://\(host)"]
                    configuration.registries.append(RegistryConfiguration(host: "registry-1.docker.io"))
                }
                defer { store.close() }
                let soon = ImageOperation(deadline: ImageTime.monotonic + 20_000_000_000)
                let error = failure(of: { _ = try store.pull("nginx", operation: soon) })
                #expect(error?.reason == "RegistryUnavailable" || error?.reason == "DeadlineExceeded")
                #expect(store.list() == [])
                #expect(error?.message.contains("certificate") == true || error?.reason == "DeadlineExceeded")
            }
        }
    }
}
