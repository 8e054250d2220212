import NIOHTTP1
import PintleObjects
import Testing

@Suite("Errors")
struct ErrorTests {
    struct Row: Sendable {
        var method = HTTPMethod.POST
        let path: String
        var body: String?
        let status: Int
        let reason: String
        let message: String
    }

    static let rows: [Row] = [
        Row(
            path: pods, body: pod("Bad_Name"), status: 422, reason: "Invalid",
            message:
                #"Pod "Bad_Name" is invalid: metadata.name: Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain "#
        ),
        Row(
            path: pods, body: #"{"metadata":{"name":"p"},"spec":{"containers":[]}}"#, status: 422, reason: "Invalid",
            message: #"Pod "p" is invalid: spec.containers: Required value"#),
        Row(
            path: pods, body: #"{"metadata":{"name":"p"},"spec":{"nodeSelector":["a"],"containers":[]}}"#, status: 400,
            reason: "BadRequest",
            message:
                #"Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal array into Go struct field "#),
        Row(
            path: "/api/v1/namespaces/nowhere/pods", body: pod("p"), status: 404, reason: "NotFound",
            message: #"namespaces "nowhere" not found"#),
        Row(
            path: pods,
            body:
                #"{"metadata":{"name":"p"},"spec":{"serviceAccountName":"ghost","containers":[{"name":"c","image":"i"}]}}"#,
            status: 403, reason: "Forbidden",
            message:
                #"pods "p" is forbidden: error looking up service account default/ghost: serviceaccount "ghost" not found"#
        ),
        Row(
            path: configMaps, body: configMap("kube-root-ca.crt"), status: 409, reason: "AlreadyExists",
            message: #"configmaps "kube-root-ca.crt" already exists"#),
        Row(
            path: configMaps, body: #"{"metadata":{"name":"a","namespace":"other"}}"#, status: 400,
            reason: "BadRequest",
            message: "the namespace of the provided object does not match the namespace sent on the request"),
        Row(
            path: configMaps, body: #"{"metadata":{"name":"a","resourceVersion":"7"}}"#, status: 500, reason: "",
            message: "resourceVersion should not be set on objects to be created"),
        Row(
            path: configMaps, body: #"{"metadata":{"name":"a"}"#, status: 400, reason: "BadRequest",
            message: ""),
        Row(
            path: configMaps, body: #"{"kind":"ConfigMap","apiVersion":"v2","metadata":{"name":"a"}}"#, status: 400,
            reason: "BadRequest",
            message: "the API version in the data (v2) does not match the expected API version (v1)"),
        Row(
            method: .PUT, path: "\(configMaps)/a", body: configMap("b"), status: 400, reason: "BadRequest",
            message: "the name of the object (b) does not match the name on the URL (a)"),
        Row(
            method: .PUT, path: "\(configMaps)/none", body: configMap("none"), status: 404, reason: "NotFound",
            message: #"configmaps "none" not found"#),
        Row(
            method: .GET, path: "\(configMaps)/none", status: 404, reason: "NotFound",
            message: #"configmaps "none" not found"#),
        Row(
            method: .DELETE, path: "\(configMaps)/none", status: 404, reason: "NotFound",
            message: #"configmaps "none" not found"#),
        Row(
            method: .GET, path: "/api/v1/namespaces/default/nopes", status: 404, reason: "NotFound",
            message: "the server could not find the requested resource"),
        Row(
            method: .GET, path: "\(pods)/p/proxy", status: 404, reason: "NotFound",
            message: "the server could not find the requested resource"),
        Row(
            path: "/api/v1/pods", body: pod("p"), status: 405, reason: "MethodNotAllowed",
            message: "the server does not allow this method on the requested resource"),
        Row(
            method: .DELETE, path: "/api/v1/namespaces", status: 405, reason: "MethodNotAllowed",
            message: "the server does not allow this method on the requested resource"),
        Row(
            method: .PATCH, path: "\(configMaps)/kube-root-ca.crt", body: "{}", status: 415,
            reason: "UnsupportedMediaType", message: "the body of the request was in an unknown format"),
        Row(
            method: .DELETE, path: "\(configMaps)/kube-root-ca.crt?propagationPolicy=Sideways", status: 422,
            reason: "Invalid", message: "DeleteOptions.meta.k8s.io "),
    ]

    @Test("are Kubernetes' own, in status, reason and words")
    func table() async throws {
        try await TestServer.run { server in
            for row in Self.rows {
                let answer = try await server.admin.request(row.method, row.path, row.body)
                let found = "\(row.method) \(row.path): \(answer.status) \(answer.text)"
                #expect(answer.status == row.status, "\(found)")
                #expect(answer.json["kind"].string == "Status", "\(found)")
                #expect(answer.json["reason"].string ?? "" == row.reason, "\(found)")
                #expect(answer.message.hasPrefix(row.message), "\(found)")
                #expect(answer.json["code"].int == Int64(row.status), "\(found)")
            }
        }
    }

    @Test("server-side apply is refused by name")
    func apply() async throws {
        try await TestServer.run { server in
            let answer = try await server.admin.patch("\(configMaps)/a?fieldManager=t", "apply-patch+yaml", "{}")
            #expect(answer.status == 415 && answer.message.contains("apply"))
        }
    }

    @Test("a body that is too large is refused, whatever it says")
    func tooLarge() async throws {
        try await TestServer.run { server in
            let body = configMap("big", String(repeating: "x", count: 4 << 20))
            let answer = try await server.admin.post(configMaps, body)
            #expect(answer.status == 413)
            let kept = try await server.admin.get("\(configMaps)/big")
            #expect(kept.status == 404)
        }
    }

    @Test("a path that leads nowhere is answered as Go does")
    func nowhere() async throws {
        try await TestServer.run { server in
            for path in ["/nope", "/apis/extensions/v1beta1/namespaces/default/deployments", "/apis/nope"] {
                let answer = try await server.admin.get(path)
                #expect(answer.status == 404 && answer.text == "404 page not found\n", "\(path)")
            }
        }
    }
}
