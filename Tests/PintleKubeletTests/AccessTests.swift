import PintleHTTP
import Testing

@testable import PintleKubelet

@Suite("Who may ask the kubelet's API")
struct AccessTests {
    private func refusal(_ method: String, _ path: String, _ identity: Identity?) -> (status: Int, text: String)? {
        KubeletAccess.refusal(HTTPRequest(method: method, path: path, identity: identity))
    }

    @Test("nobody without a certificate, not even for health")
    func anonymous() {
        for path in ["/healthz", "/pods", "/metrics", "/nothing"] {
            #expect(refusal("GET", path, nil)?.status == 401)
            #expect(refusal("GET", path, nil)?.text == "Unauthorized")
        }
    }

    @Test(
        "others are refused with what would be needed",
        arguments: [
            ("GET", "/pods", "get", "pods proxy"), ("POST", "/exec/n/p/c", "create", "proxy"),
            ("GET", "/metrics/cadvisor", "get", "metrics"), ("GET", "/stats/summary", "get", "stats"),
            ("GET", "/healthz", "get", "healthz proxy"), ("POST", "/checkpoint/n/p/c", "create", "checkpoint"),
        ])
    func others(_ row: (String, String, String, String)) {
        let found = refusal(row.0, row.1, Identity(user: "jane", groups: ["dev"]))
        #expect(found?.status == 403)
        #expect(
            found?.text == "Forbidden (user=jane, verb=\(row.2), resource=nodes, subresource(s)=[\(row.3)])\n")
    }

    @Test("masters may do everything")
    func masters() {
        #expect(refusal("POST", "/exec/n/p/c", Identity(user: "x", groups: ["system:masters"])) == nil)
    }
}
