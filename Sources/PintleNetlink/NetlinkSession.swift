internal import CPintleNetlink
import Glibc

/// A connection to the kernel's rtnetlink, in the network namespace that it was opened in.
///
/// Belongs to one thread at a time. Every call may block for the kernel's lock; none can be cancelled.
public struct NetlinkSession: ~Copyable {
    private let socket: OpaquePointer

    /// Opens a connection in the calling thread's network namespace, or in `namespace`.
    ///
    /// - Parameter namespace: A descriptor of a network namespace, borrowed. It is entered by a thread that ends before
    ///   this returns; the connection stays there, the caller does not go.
    /// - Throws: ``NetlinkError`` with `EINVAL` when `namespace` is no network namespace.
    public init(namespace: Int32? = nil) throws(NetlinkError) {
        var opened: OpaquePointer?
        let result = pintle_nl_socket_open(namespace ?? -1, &opened)
        guard result == 0, let opened else {
            let subject = namespace == nil ? "rtnetlink" : "network namespace (descriptor \(namespace ?? -1))"
            throw NetlinkError(subject: subject, request: "socket", errno: -result, detail: "", index: nil)
        }
        socket = opened
    }

    deinit { pintle_nl_socket_close(socket) }

    /// Carries out the requests of `batch` in order and empties it.
    ///
    /// The kernel goes on after a request that fails.
    ///
    /// - Returns: The links and routes that the batch asked for.
    /// - Throws: The first failure.
    @discardableResult
    public borrowing func send(_ batch: inout NetlinkBatch) throws(NetlinkError) -> NetlinkAnswers {
        try batch.send(over: socket)
    }

    /// The link `name`, or nil when there is none.
    public borrowing func link(named name: String) throws(NetlinkError) -> Link? {
        var batch = try NetlinkBatch()
        try batch.getLink(name)
        do {
            return try send(&batch).links.first
        } catch {
            if error.errno == ENODEV { return nil }
            throw error
        }
    }

    /// Whether packets to `address` are for this namespace itself.
    ///
    /// An IPv6 address that was just added is not heard of before the kernel has got to it, on a thread of its own.
    public borrowing func isOwn(_ address: IPAddress) throws(NetlinkError) -> Bool {
        var batch = try NetlinkBatch()
        try batch.getRoute(to: address)
        do {
            return try send(&batch).routes.first?.isLocal ?? false
        } catch {
            if error.errno == ENETUNREACH || error.errno == EHOSTUNREACH { return false }
            throw error
        }
    }

    /// Every link of the namespace.
    public borrowing func links() throws(NetlinkError) -> [Link] {
        var found: [Link] = []
        let result = withUnsafeMutablePointer(to: &found) { found in
            pintle_nl_each_link(
                socket,
                { context, link in context?.assumingMemoryBound(to: [Link].self).pointee.append(Link(link.pointee)) },
                found)
        }
        try Self.check(result, "links", "RTM_GETLINK")
        return found
    }

    /// The addresses of the link `index`, with their prefix lengths.
    public borrowing func addresses(
        of link: LinkID
    ) throws(NetlinkError) -> [(address: IPAddress, prefix: Int)] {
        var found: [(address: IPAddress, prefix: Int)] = []
        let result = withUnsafeMutablePointer(to: &found) { found in
            pintle_nl_each_address(
                socket, link.index,
                { context, _, raw in
                    guard let address = IPAddress(raw.pointee) else { return }
                    context?.assumingMemoryBound(to: [(address: IPAddress, prefix: Int)].self).pointee
                        .append((address, Int(raw.pointee.prefix)))
                }, found)
        }
        try Self.check(result, "addresses of link \(link.name)", "RTM_GETADDR")
        return found
    }

    /// Every route of every table, those to the machine's own addresses too.
    public borrowing func routes() throws(NetlinkError) -> [Route] {
        var found: [Route] = []
        let result = withUnsafeMutablePointer(to: &found) { found in
            pintle_nl_each_route(
                socket,
                { context, raw in
                    guard let route = Route(raw.pointee) else { return }
                    context?.assumingMemoryBound(to: [Route].self).pointee.append(route)
                }, found)
        }
        try Self.check(result, "routes", "RTM_GETROUTE")
        return found
    }

    private static func check(_ result: Int32, _ subject: String, _ request: String) throws(NetlinkError) {
        guard result == 0 else {
            throw NetlinkError(subject: subject, request: request, errno: -result, detail: "", index: nil)
        }
    }
}
