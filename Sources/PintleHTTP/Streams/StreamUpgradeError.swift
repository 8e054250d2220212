/// Why a request could not be turned into a stream session.
public struct StreamUpgradeError: Error, Sendable, CustomStringConvertible {
    /// The HTTP status to answer with: 400, 403 or 500.
    public let status: Int
    /// One sentence for the client.
    public let message: String
    /// Whether the exchange still waits for an answer; when false the connection has left HTTP and was closed.
    public let isAnswerable: Bool

    /// The sentence.
    public var description: String { self.message }

    init(status: Int, message: String, isAnswerable: Bool = true) {
        self.status = status
        self.message = message
        self.isAnswerable = isAnswerable
    }
}
