internal import Crypto
internal import PintleObjects

/// Who a pod is; the names of everything that is made for it follow from this.
struct PodIdentity: Sendable, Hashable {
    let namespace: String
    let name: String
    let uid: String

    init(_ pod: JSON) {
        namespace = pod["metadata"]["namespace"].string ?? "default"
        name = pod["metadata"]["name"].string ?? ""
        uid = pod["metadata"]["uid"].string ?? ""
    }

    init(namespace: String, name: String, uid: String) {
        self.namespace = namespace
        self.name = name
        self.uid = uid
    }

    /// 64 hexadecimal digits.
    func sandboxID(attempt: Int32) -> String { Self.digest("sandbox/\(uid)/\(attempt)") }

    /// 64 hexadecimal digits.
    func containerID(_ container: String, attempt: Int32) -> String {
        Self.digest("container/\(uid)/\(container)/\(attempt)")
    }

    static func attachmentID(sandbox: String, network: Int) -> String { "\(sandbox)/\(network)/eth0" }

    var logFolder: String { "\(namespace)_\(name)_\(uid)" }

    var labels: [String: String] {
        ["io.kubernetes.pod.name": name, "io.kubernetes.pod.namespace": namespace, "io.kubernetes.pod.uid": uid]
    }

    private static func digest(_ text: String) -> String {
        SHA256.hash(data: Array(text.utf8)).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }
}
