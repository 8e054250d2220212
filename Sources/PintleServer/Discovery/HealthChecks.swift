import PintleHTTP
import PintleObjects
import Synchronization

/// `/livez`, `/readyz` and `/healthz`: named checks, together or one by one.
final class HealthChecks: Sendable {
    private struct Check: Sendable {
        let name: String
        let isLive: Bool
        let run: @Sendable () -> String?
    }

    private struct State {
        var checks: [Check] = [Check(name: "ping", isLive: true) { nil }]
        var isReady = false
    }

    private let state = Mutex(State())

    func add(_ name: String, alsoLive: Bool, _ check: @escaping @Sendable () -> String?) {
        state.withLock { $0.checks.append(Check(name: name, isLive: alsoLive, run: check)) }
    }

    /// The objects that every cluster has are there.
    func setReady() { state.withLock { $0.isReady = true } }

    /// The answer for a path of health, or `nil` when the path is none.
    func response(_ path: String, _ request: HTTPRequest) -> Response? {
        let parts = path.split(separator: "/", maxSplits: 1).map(String.init)
        guard let endpoint = parts.first, ["livez", "readyz", "healthz"].contains(endpoint) else { return nil }
        let checks = checks(endpoint)
        if parts.count == 2 {
            guard let check = checks.first(where: { $0.name == parts[1] }) else { return .pageNotFound }
            guard let fault = check.run() else { return Response(text: "ok") }
            return Response(text: "internal server error: \(fault)\n", status: 500)
        }
        return all(endpoint, checks, request)
    }

    private func checks(_ endpoint: String) -> [Check] {
        let (checks, isReady) = state.withLock { ($0.checks, $0.isReady) }
        let chosen = endpoint == "readyz" ? checks : checks.filter(\.isLive)
        let start = Check(name: "poststarthook/initial-namespaces", isLive: false) {
            isReady ? nil : "the initial namespaces are not there yet"
        }
        return endpoint == "readyz" ? chosen + [start] : chosen
    }

    private func all(_ endpoint: String, _ checks: [Check], _ request: HTTPRequest) -> Response {
        let excluded = Set(request.queryValues("exclude"))
        var text = ""
        var failed = false
        for check in checks {
            if excluded.contains(check.name) {
                text += "[+]\(check.name) excluded: ok\n"
            } else if check.run() != nil {
                failed = true
                text += "[-]\(check.name) failed: reason withheld\n"
            } else {
                text += "[+]\(check.name) ok\n"
            }
        }
        if failed { return Response(text: "\(text)\(endpoint) check failed\n", status: 500) }
        return Response(text: request.queryValue("verbose") == nil ? "ok" : "\(text)\(endpoint) check passed\n")
    }
}
