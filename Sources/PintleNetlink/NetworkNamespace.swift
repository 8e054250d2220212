internal import CPintleNetlink
import Glibc

/// A network namespace that this process holds open.
///
/// It ends with its last descriptor, socket, process and mount.
public struct NetworkNamespace: ~Copyable {
    /// Its descriptor; closed with this value.
    public let descriptor: Int32

    /// Makes a new, empty namespace.
    ///
    /// The calling thread stays in its own.
    public init() throws(NetlinkError) {
        let result = pintle_netns_new()
        guard result >= 0 else {
            throw NetlinkError(subject: "network namespace", request: "unshare", errno: -result, detail: "", index: nil)
        }
        descriptor = result
    }

    deinit { close(descriptor) }
}

extension NetlinkSession {
    /// Runs `body` in the network namespace `namespace`, on a thread made for it, and waits for what it returns or throws.
    ///
    /// /proc/sys/net, new sockets and new processes of `body` are that namespace's.
    ///
    /// - Parameters:
    ///   - namespace: A descriptor, borrowed.
    ///   - body: Runs once, or not at all when this throws.
    /// - Returns: What `body` came to.
    /// - Throws: ``NetlinkError`` when the namespace cannot be entered.
    public static func run<R, E>(
        inNamespace namespace: Int32, _ body: () throws(E) -> R
    ) throws(NetlinkError) -> Result<R, E> {
        var result: Result<R, E>?
        let status = withoutActuallyEscaping(body) { body in
            var visit: () -> Void = { result = Result { () throws(E) -> R in try body() } }
            return withUnsafeMutablePointer(to: &visit) { visit in
                pintle_netns_run(
                    namespace, 0, { context in context?.assumingMemoryBound(to: (() -> Void).self).pointee() }, visit)
            }
        }
        guard status == 0, let result else {
            throw NetlinkError(
                subject: "network namespace (descriptor \(namespace))", request: "setns", errno: -status, detail: "",
                index: nil)
        }
        return result
    }
}
