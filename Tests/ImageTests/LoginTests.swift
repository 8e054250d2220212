import Glibc
import Testing

@testable import RuntimeNamespaceCore

extension ImageTests {
    @Suite("Logging in")
    struct LoggingIn {
        private static let image = ImageFixture.small()

        /// A registry whose requests need a token from `realm`.
        private func registry(realm: String) -> FakeRegistry {
            FakeRegistry { request, _ in
                if request.headers["authorization"] == "Bearer good" { return FakeRegistry.serve(Self.image, request) }
                let challenge = "Bearer realm=\"\(realm)\",service=\"registry\",scope=\"repository:a:pull\""
                return .answer(401, [("WWW-Authenticate", challenge)], [])
            }
        }

        private func tokens(_ answer: String = "{\"token\":\"good\"}", _ status: Int = 200) -> FakeRegistry {
            FakeRegistry { _, _ in .answer(status, [], Array(answer.utf8)) }
        }

        private func withStore(_ body: (ImageStore) throws -> Void) throws {
            try sandboxed { sandbox throws in
                let store = try sandbox.open()
                defer { store.close() }
                try body(store)
            }
        }

        @Test("gets a token once, with the user's password, and uses it for everything")
        func bearer() throws {
            let service = tokens()
            let registry = registry(realm: "http://\(service.host)/token?x=1")
            defer { for each in [service, registry] { each.stop() } }
            try withStore { store throws in
                let auth = RegistryAuth(username: "me", password: "secret")
                #expect(try store.pull("\(registry.host)/a", auth: auth).id == Self.image.id)
                #expect(service.requests.map(\.path) == ["/token?x=1&service=registry&scope=repository%3Aa%3Apull"])
                #expect(service.requests.first?.headers["authorization"] == "Basic bWU6c2VjcmV0")
                #expect(registry.requests.allSatisfy { $0.headers["authorization"]?.hasPrefix("Basic") != true })
            }
        }

        @Test("exchanges an identity token by POST, and sends a registry token as it is")
        func otherTokens() throws {
            let service = tokens("{\"access_token\":\"good\"}")
            let registry = registry(realm: "http://\(service.host)/token")
            defer { for each in [service, registry] { each.stop() } }
            try withStore { store throws in
                var auth = RegistryAuth()
                auth.identityToken = "re/fresh"
                #expect(try store.pull("\(registry.host)/a", auth: auth).id == Self.image.id)
                #expect(service.requests.first?.method == "POST")
                #expect(
                    service.requests.first?.body.contains("grant_type=refresh_token&refresh_token=re%2Ffresh") == true)
                _ = try store.remove(Self.image.id)
                auth = RegistryAuth()
                auth.registryToken = "good"
                #expect(try store.pull("\(registry.host)/a", auth: auth).id == Self.image.id)
                #expect(service.requests.count == 1)
            }
        }

        @Test("is denied when the token service refuses, gives nothing usable, or gives what does not help")
        func denied() throws {
            for (answer, status) in [
                ("", 401), ("{}", 200), ("{\"token\":\"a\\nb\"}", 200), ("{\"token\":\"bad\"}", 200),
            ] {
                let service = tokens(answer, status)
                let registry = registry(realm: "http://\(service.host)/token")
                defer { for each in [service, registry] { each.stop() } }
                try withStore { store throws in
                    let error = failure(of: { _ = try store.pull("\(registry.host)/a") })
                    #expect(error?.reason == "ErrImagePull" && error?.code == .permission, "\(answer)")
                }
            }
        }

        @Test("never sends credentials to where a registry redirects")
        func redirects() throws {
            let elsewhere = FakeRegistry { request, _ in FakeRegistry.serve(Self.image, request) }
            let registry = FakeRegistry { request, _ in
                guard request.headers["authorization"] != nil else {
                    return .answer(401, [("WWW-Authenticate", "Basic realm=\"r\"")], [])
                }
                guard request.path.contains("/blobs/") else { return FakeRegistry.serve(Self.image, request) }
                return .answer(307, [("Location", "http://\(elsewhere.host)\(request.path)")], [])
            }
            defer { for each in [elsewhere, registry] { each.stop() } }
            try withStore { store throws in
                let auth = RegistryAuth(username: "me", password: "secret")
                #expect(try store.pull("\(registry.host)/a", auth: auth).id == Self.image.id)
                #expect(elsewhere.requests.count == 2)
                #expect(elsewhere.requests.allSatisfy { $0.headers["authorization"] == nil })
            }
        }

        @Test("follows no redirect without end")
        func endless() throws {
            let registry = FakeRegistry { request, _ in .answer(302, [("Location", request.path + "x")], []) }
            defer { registry.stop() }
            try withStore { store throws in
                #expect(reason { _ = try store.pull("\(registry.host)/a") } == "ErrImagePull")
                #expect(registry.requests.count < 20)
            }
        }

        @Test("sends no password over a connection without TLS that a safe registry points to")
        func unsafeRealm() throws {
            let safe = RegistryAddress(isSecure: true, authority: "registry.example")
            #expect(safe.resolving("http://registry.example/x")?.isSecure == false)
            #expect(safe.isSameOrigin(as: RegistryAddress(isSecure: false, authority: "registry.example")) == false)
            #expect(safe.isSameOrigin(as: RegistryAddress(isSecure: true, authority: "registry.example:443")))
            #expect(safe.isSameOrigin(as: RegistryAddress(isSecure: true, authority: "registry.example:444")) == false)
            for bad in ["ftp://a/", "http://", "http://user@host/", "http://a b/", "//x", "http://a/\n"] {
                #expect(RegistryAddress(url: bad) == nil, "\(bad)")
            }
        }

        @Test("parses challenges as registries write them")
        func challenges() {
            func parse(_ lines: String) -> RegistryChallenge? {
                RegistryChallenge(RegistryHead(status: 401, lines: lines))
            }
            #expect(parse("HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\n") == .basic)
            #expect(
                parse(
                    "www-authenticate: Basic realm=\"x\"\r\nWWW-Authenticate: BEARER realm=\"https://t/a,b\", service=s,scope=\"q\\\"\"\r\n"
                )
                    == .bearer(realm: "https://t/a,b", service: "s", scope: "q\""))
            #expect(parse("WWW-Authenticate: Negotiate\r\n") == nil)
            #expect(parse("WWW-Authenticate: Bearer realm\r\n") == nil)
        }
    }
}
