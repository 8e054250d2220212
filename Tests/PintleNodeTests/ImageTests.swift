import Glibc
import PintleClient
import PintleNodePolicy
import PintleObjects
import Testing

@testable import PintleNode

@Suite("Images: who may pull and use them, and which go")
struct ImageTests {
    @Test(
        "registries, paths and patterns match as in the kubelet",
        arguments: [
            ("registry.example.org", "registry.example.org/a/b", true),
            ("registry.example.org/a", "registry.example.org/a/b", true),
            ("registry.example.org/c", "registry.example.org/a/b", false),
            ("*.example.org", "registry.example.org/a", true),
            ("*.org", "registry.example.org/a", false), ("registry.example.org:5000", "registry.example.org/a", false),
            ("*.example.org:5000/a", "x.example.org:5000/a/b", true),
            ("reg*.example.org", "registry.example.org/a", true),
        ])
    func matching(_ pattern: String, _ repository: String, _ expected: Bool) {
        #expect(RegistryKeyring.matches(pattern, repository) == expected)
    }

    @Test(
        "an image's repository has its registry and neither tag nor digest",
        arguments: [
            ("nginx", "docker.io/library/nginx"), ("nginx:1", "docker.io/library/nginx"),
            ("me/app:1", "docker.io/me/app"),
            ("host:5000/a/b:1", "host:5000/a/b"), ("quay.io/a@sha256:00", "quay.io/a"), ("localhost/x", "localhost/x"),
        ])
    func repositories(_ image: String, _ repository: String) {
        #expect(ImageName.repository(image) == repository)
    }

    @Test("both types of Secret are read; the closest entry comes first; a broken one says nothing")
    func keyring() {
        var keyring = RegistryKeyring()
        keyring.add(
            secret: Self.secret(
                "kubernetes.io/dockerconfigjson",
                #"{"auths":{"r.example.org":{"username":"u","password":"p"},"https://r.example.org/v2/team":{"auth":"dDpw"}}}"#
            ))
        keyring.add(
            secret: Self.secret("kubernetes.io/dockercfg", #"{"https://index.docker.io/v1/":{"auth":"aHViOng="}}"#))
        keyring.add(secret: ["type": "kubernetes.io/dockerconfigjson", "data": [".dockerconfigjson": "???"]])
        #expect(keyring.lookup("r.example.org/team/app").map(\.username) == ["t", "u"])
        #expect(keyring.lookup("r.example.org/other").map(\.username) == ["u"])
        #expect(keyring.lookup("docker.io/library/nginx").map(\.username) == ["hub"])
        #expect(keyring.lookup("quay.io/a").isEmpty)
    }

    @Test("an image that was pulled with a Secret is for pods that have it; a preloaded one is for all, by default")
    func records() throws {
        var template = Array("/tmp/pintle-records-XXXXXX\0".utf8CString.dropLast())
        _ = mkdtemp(&template)
        let directory = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer {
            for name in PodLogFolder.names("\(directory)/m/pulled") { unlink("\(directory)/m/pulled/\(name)") }
            for path in ["m/pulled", "m", ""] { rmdir("\(directory)/\(path)") }
        }
        func records(_ verification: ImagePolicy.Verification, allow: [String] = []) -> PullRecords {
            var policy = ImagePolicy()
            policy.verification = verification
            policy.allowlist = allow
            return PullRecords(directory: "\(directory)/m", policy: policy)
        }
        let mine = SourcedCredential(
            credential: RegistryCredential(username: "u", password: "p"),
            secret: SourcedCredential.Secret(namespace: "a", name: "s", uid: "1"))
        var renewed = mine
        renewed.credential.password = "new"
        var copied = mine
        copied.secret?.uid = "2"
        var other = copied
        other.credential.password = "wrong"
        let name = "r.example.org/app:1"
        #expect(records(.neverPreloaded).allows(name, id: "i", credentials: []))
        #expect(!records(.always).allows(name, id: "i", credentials: [mine]))
        #expect(records(.neverAllowlisted, allow: ["r.example.org/*"]).allows(name, id: "i", credentials: []))
        #expect(!records(.neverAllowlisted, allow: ["q.example.org/*"]).allows(name, id: "i", credentials: []))
        records(.neverPreloaded).record(name, id: "i", with: mine)
        for (credentials, expected) in [
            ([], false), ([mine], true), ([renewed], true), ([copied], true), ([other], false),
        ] {
            #expect(records(.neverPreloaded).allows(name, id: "i", credentials: credentials) == expected)
        }
        #expect(records(.never).allows(name, id: "i", credentials: []))
        #expect(!records(.neverPreloaded).allows("r.example.org/alias:1", id: "i", credentials: [mine]))
        records(.neverPreloaded).record(name, id: "i", with: nil)
        #expect(records(.always).allows(name, id: "i", credentials: []))
        records(.always).forget("i")
        #expect(!records(.always).allows(name, id: "i", credentials: []))
    }

    @Test("the longest unused image goes first; what is in use or too young stays")
    func collection() {
        var collection = ImageCollection()
        let images = ["old", "used", "young", "idle"].map { (id: $0, size: Int64(100)) }
        collection.observe(Array(images.prefix(2)) + [images[3]], inUse: ["idle", "used"], now: 10)
        collection.observe(images, inUse: ["used"], now: 1000)
        func victims(_ bytes: Int64) -> [String] {
            collection.victims(bytes: bytes, inUse: ["used"], minimumAge: 120, now: 1010)
        }
        #expect(victims(0).isEmpty)
        #expect(victims(50) == ["old"])
        #expect(victims(1000) == ["old", "idle"])
        #expect(collection.outdated(age: 995, inUse: ["used"], now: 1010) == ["old", "idle"])
        #expect(collection.outdated(age: 2000, inUse: ["used"], now: 1010).isEmpty)
    }

    @Test("a credential provider is asked once for what its answer covers; a failing one knows nothing")
    func providers() async throws {
        var template = Array("/tmp/pintle-provider-XXXXXX\0".utf8CString.dropLast())
        _ = mkdtemp(&template)
        let directory = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer {
            for name in PodLogFolder.names(directory) { unlink("\(directory)/\(name)") }
            rmdir(directory)
        }
        let answer =
            #"{"kind":"CredentialProviderResponse","apiVersion":"credentialprovider.kubelet.k8s.io/v1","cacheKeyType":"Registry","auth":{"*.example.org":{"username":"u","password":"p"}}}"#
        Self.script("\(directory)/good", "cat >>\(directory)/asked; echo >>\(directory)/asked; echo '\(answer)'")
        Self.script("\(directory)/bad", "exit 3")
        var policy = ImagePolicy()
        policy.credentialProviderBinDir = directory
        policy.credentialProviderConfig = "providers.yaml"
        let lines = ["good", "bad"].map { name in
            "- {name: \(name), matchImages: ['*.example.org'], defaultCacheDuration: 1h, apiVersion: credentialprovider.kubelet.k8s.io/v1}"
        }
        let providers = try CredentialProviders(
            policy: policy,
            text: "apiVersion: kubelet.config.k8s.io/v1\nkind: CredentialProviderConfig\nproviders:\n"
                + lines.joined(separator: "\n"), log: { _ in })
        for image in ["r.example.org/a", "r.example.org/b", "quay.io/c"] {
            let found = await providers.credentials(for: image).map(\.username)
            #expect(found == (image.hasPrefix("quay") ? [] : ["u"]))
        }
        let asked = PodFiles.read("\(directory)/asked").split(separator: "\n")
        #expect(asked.count == 1)
        #expect(asked.first?.contains("\"image\":\"r.example.org/a\"") == true)
    }

    @Test("a wrong provider configuration is told with its field")
    func providerFaults() {
        let policy = ImagePolicy()
        for (text, part) in [
            ("kind: Other", "expected kind CredentialProviderConfig"),
            (
                "apiVersion: kubelet.config.k8s.io/v1\nkind: CredentialProviderConfig\nproviders: [{name: a/b}]",
                "providers[0].name"
            ),
        ] {
            let fault = #expect(throws: PodFault.self) {
                try CredentialProviders(policy: policy, text: text, log: { _ in })
            }
            #expect(fault?.message.contains(part) == true)
        }
    }

    private static func secret(_ type: String, _ text: String) -> JSON {
        let key = type.hasSuffix("json") ? ".dockerconfigjson" : ".dockercfg"
        return ["type": .string(type), "data": .object(JSONObject([(key, .string(Base64.encode(text.utf8)))]))]
    }

    private static func script(_ path: String, _ text: String) {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o755)
        let bytes = Array("#!/bin/sh\n\(text)\n".utf8)
        _ = write(file, bytes, bytes.count)
        close(file)
    }
}
