import PintleHTTP
import PintleObjects
import Testing

@testable import PintleServer

@Suite("What a request says")
struct RequestTests {
    @Test("paths tell group, version, namespace, resource, name and subresource; methods the verb")
    func paths() {
        let rows: [(method: String, path: String, query: String, expected: [String])] = [
            ("GET", "/api/v1/pods", "", ["list", "", "v1", "", "pods", "", ""]),
            ("GET", "/api/v1/pods", "watch", ["watch", "", "v1", "", "pods", "", ""]),
            ("GET", "/api/v1/watch/namespaces/a/pods/b", "", ["watch", "", "v1", "a", "pods", "b", ""]),
            ("GET", "/api/v1/namespaces/a", "", ["get", "", "v1", "a", "namespaces", "a", ""]),
            ("PUT", "/api/v1/namespaces/a/finalize", "", ["update", "", "v1", "a", "namespaces", "a", "finalize"]),
            ("GET", "/api/v1/namespaces", "", ["list", "", "v1", "", "namespaces", "", ""]),
            ("POST", "/api/v1/namespaces/a/pods/b/exec", "", ["create", "", "v1", "a", "pods", "b", "exec"]),
            ("DELETE", "/api/v1/namespaces/a/pods", "", ["deletecollection", "", "v1", "a", "pods", "", ""]),
            ("PATCH", "/apis/g.io/v2/namespaces/a/xs/b%2Fc", "", ["patch", "g.io", "v2", "a", "xs", "b/c", ""]),
        ]
        for row in rows {
            let query = row.query.isEmpty ? [] : [(name: row.query, value: "true")]
            let info = RequestInfo(HTTPRequest(method: row.method, path: row.path, query: query))
            #expect(info.isResource)
            let found = [
                info.verb, info.group, info.version, info.namespace, info.resource, info.name, info.subresource,
            ]
            #expect(found == row.expected, "\(row.method) \(row.path)")
        }
        for path in ["/", "/api", "/api/v1", "/apis/g.io/v1", "/healthz", "/api/v1/pods/%GG", "/openapi/v2"] {
            #expect(!RequestInfo(HTTPRequest(method: "GET", path: path)).isResource, "\(path)")
        }
    }

    @Test("the best of the accepted media types that is served is taken")
    func accept() throws {
        let table = "application/json;as=Table;v=v1;g=meta.k8s.io"
        let rows: [(accept: String, form: String?)] = [
            ("", "json object"), ("*/*", "json object"), ("application/yaml", "yaml object"),
            ("application/json;q=0.1, application/yaml", "yaml object"),
            ("application/vnd.kubernetes.protobuf, application/json", "json object"),
            ("\(table), application/json", "json table"),
            ("application/json;as=Nonsense;v=v1;g=meta.k8s.io, application/yaml", "yaml object"),
            ("text/html", nil), ("application/json;q=0", nil),
        ]
        for row in rows {
            let headers = HeaderFields(row.accept.isEmpty ? [] : [("Accept", row.accept)])
            let form = try? OutputForm(HTTPRequest(method: "GET", path: "/", headers: headers))
            let text = form.map { "\($0.encoding) \($0.shape == .object ? "object" : "table")" }
            #expect(text == row.form, "\(row.accept)")
        }
    }

    @Test("a continue token leads back to where it was made, and nothing else is one")
    func continueToken() throws {
        let token = ContinueToken(revision: 42, namespace: "a", name: "b")
        #expect(try ContinueToken(token.text) == token)
        for wrong in ["", "zz", "7b7d", "abc", token.text + "00"] {
            #expect(throws: StatusError.self) { try ContinueToken(wrong) }
        }
    }
}
