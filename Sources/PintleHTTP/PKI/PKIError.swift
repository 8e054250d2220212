/// Why the cluster's key material could not be loaded or made.
public struct PKIError: Error, Sendable, CustomStringConvertible {
    /// The file or directory concerned.
    public let path: String
    /// One or two sentences for the operator: what is wrong and what would fix it.
    public let message: String
    /// The failing system call's `errno`, when there was one.
    public let errno: Int32?

    /// The sentences.
    public var description: String { self.message }
}
