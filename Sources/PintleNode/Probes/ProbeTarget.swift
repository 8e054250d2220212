internal import PintleObjects
internal import PintleProbes

/// Turns a handler of a probe or a hook into the check that it stands for.
///
/// No I/O.
enum ProbeTarget {
    /// Reads a handler.
    ///
    /// - Parameters:
    ///   - handler: With one of `exec`, `httpGet`, `tcpSocket` and `grpc`.
    ///   - container: Whose named ports count.
    ///   - containerID: Where a command runs.
    ///   - podIP: Where to connect to when the handler names no host.
    ///   - userAgent: What asks by HTTP.
    /// - Returns: The check; an impossible one says what is wrong with the handler.
    static func check(
        _ handler: JSON, container: JSON, containerID: String, podIP: String, userAgent: String = "kube-probe/1.36"
    ) -> ProbeCheck {
        if let command = handler["exec"]["command"].array {
            return .exec(container: containerID, command: command.compactMap { $0.string })
        }
        let kinds = ["httpGet", "tcpSocket", "grpc"]
        guard let kind = kinds.first(where: { !handler[$0].isNull }) else {
            return .impossible("missing probe handler")
        }
        let action = handler[kind]
        let port: Int
        switch resolve(action["port"], container) {
        case .success(let number): port = number
        case .failure(let fault): return .impossible(fault.message)
        }
        let named = kind == "grpc" ? "" : action["host"].string ?? ""
        let host = named.isEmpty ? podIP : named
        guard !host.isEmpty else { return .impossible("the pod has no address") }
        switch kind {
        case "tcpSocket": return .network(.tcp(host: host, port: port))
        case "grpc": return .network(.grpc(host: host, port: port, service: action["service"].string ?? ""))
        default:
            let headers = (action["httpHeaders"].array ?? []).map {
                HTTPCheck.Header($0["name"].string ?? "", $0["value"].string ?? "")
            }
            return .network(
                .http(
                    HTTPCheck(
                        isSecure: action["scheme"].string?.uppercased() == "HTTPS", host: host, port: port,
                        path: action["path"].string ?? "/", headers: headers, userAgent: userAgent)))
        }
    }

    struct PortFault: Error {
        let message: String
    }

    /// A number, the name of one of the container's ports, or a number written as text.
    static func resolve(_ port: JSON, _ container: JSON) -> Result<Int, PortFault> {
        var number = port.int
        if let name = port.string {
            let found = (container["ports"].array ?? []).first { $0["name"].string == name }
            number = found?["containerPort"].int ?? Int64(name)
            guard number != nil else { return .failure(PortFault(message: "port \(name) not found")) }
        }
        guard let number, (1...65535).contains(number) else {
            return .failure(PortFault(message: "invalid port number: \(number ?? 0)"))
        }
        return .success(Int(number))
    }
}
