internal import CPintleNetlink
internal import PintleNetlink
internal import PintleSDK
import Synchronization

/// Carries out transactions of packet rules.
///
/// One libnftables context is kept, because making one costs twice a transaction. It acts in the network namespace of
/// the thread that ran the first transaction. Threads: any; transactions wait for each other, those of other filters too:
/// libnftables keeps state outside of its contexts, and two that ran at once were seen to miss elements that exist.
final class PacketFilter: @unchecked Sendable {
    // @unchecked: `context` is read and written only while `lock` is held.
    private static let lock = Mutex<Void>(())
    private var context: OpaquePointer?

    init() {}

    deinit {
        Self.lock.withLock { _ in
            if let context { pintle_nft_close(context) }
        }
    }

    /// Carries out `commands`: all of them, or none when it throws.
    ///
    /// `subject` is what the commands are about, for the error: `host port tcp/8080`. Returns what they listed.
    @discardableResult
    func run(_ commands: String, about subject: @autoclosure () -> String) throws -> String {
        let outcome: (status: Int32, output: String, error: String)? = Self.lock.withLock { _ in
            if context == nil { context = pintle_nft_open() }
            guard let context else { return nil }
            var output: UnsafePointer<CChar>?
            var error: UnsafePointer<CChar>?
            let status = pintle_nft_run(context, commands, &output, &error)
            return (status, output.map { String(cString: $0) } ?? "", error.map { String(cString: $0) } ?? "")
        }
        guard let outcome else {
            throw DriverFailure(
                .unavailable, reason: "PacketRulesUnavailable",
                "\(subject()): libnftables could not open a netlink socket")
        }
        guard outcome.status == 0 else {
            // libnftables repeats the commands below its first line.
            let words = outcome.error.split(separator: "\n").first.map(String.init) ?? "no reason given"
            throw DriverFailure(.internal, reason: "PacketRulesFailed", "\(subject()): nftables: \(words)")
        }
        return outcome.output
    }

    /// Whether `commands` succeed.
    func succeeds(_ commands: String) -> Bool { (try? run(commands, about: "")) != nil }

    /// Makes the kernel forget connections to `ports` that are tracked without a connection's end: UDP's.
    ///
    /// Whoever sent before the port changed hands would otherwise go on reaching where it led then.
    func forgetFlows(to ports: some Sequence<HostPort>) throws {
        for port in ports where port.transport == .udp {
            let result = pintle_nl_forget_flows(port.address.family.number, port.transport.number, port.port)
            guard result == 0 else {
                throw DriverFailure(
                    .internal, reason: "FlowsRemain", "\(port.description): deleting tracked connections failed",
                    errno: -result)
            }
        }
    }
}
