/// Cuts what arrives on a stream into gRPC's messages: a flag, four bytes of length, the message.
///
/// A value without I/O.
struct GRPCMessages: Sendable {
    /// What a message may have: 4 MiB, as in Go.
    static let limit = 4 << 20

    private var bytes: [UInt8] = []

    /// A message as it is sent.
    static func frame(_ message: [UInt8]) -> [UInt8] {
        let count = UInt32(truncatingIfNeeded: message.count)
        return [0] + (0..<4).map { UInt8(truncatingIfNeeded: count >> (24 - 8 * $0)) } + message
    }

    /// Takes bytes that have arrived.
    mutating func feed(_ new: some Collection<UInt8>) { bytes += new }

    /// The next message, when all of it is here.
    mutating func next() throws(GRPCStatus) -> [UInt8]? {
        guard bytes.count >= 5 else { return nil }
        guard bytes[0] == 0 else {
            throw GRPCStatus(GRPCStatus.internalFault, "grpc: the message is compressed, which nobody asked for")
        }
        let count = bytes[1..<5].reduce(0) { $0 << 8 | Int($1) }
        guard count <= Self.limit else {
            throw GRPCStatus(
                GRPCStatus.resourceExhausted, "grpc: received message larger than max (\(count) vs. \(Self.limit))")
        }
        guard bytes.count >= 5 + count else { return nil }
        defer { bytes.removeFirst(5 + count) }
        return Array(bytes[5..<(5 + count)])
    }
}
