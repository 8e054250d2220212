/// Why a server could not be made or could not listen.
public struct ListenError: Error, Sendable, CustomStringConvertible {
    /// The address and port, for example `127.0.0.1:6443`; empty when the fault is not with an address.
    public let address: String
    /// One or two sentences for the operator: what failed and what would help.
    public let message: String
    /// The failing system call's `errno`, when there was one.
    public let errno: Int32?

    /// The sentences.
    public var description: String { self.message }
}
