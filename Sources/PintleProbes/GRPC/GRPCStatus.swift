/// How a gRPC call failed: a code and a sentence.
public struct GRPCStatus: Error, Sendable, Hashable, CustomStringConvertible {
    /// The code; gRPC's names are in ``name``.
    public let code: Int
    /// For people.
    public let message: String

    /// Makes a status.
    public init(_ code: Int, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The codes that are looked at.
    public static let ok = 0, cancelled = 1, unknown = 2, deadlineExceeded = 4, resourceExhausted = 8,
        unimplemented = 12, internalFault = 13, unavailable = 14

    /// As Go writes it.
    public var name: String {
        let names = [
            "OK", "Canceled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound", "AlreadyExists",
            "PermissionDenied", "ResourceExhausted", "FailedPrecondition", "Aborted", "OutOfRange", "Unimplemented",
            "Internal", "Unavailable", "DataLoss", "Unauthenticated",
        ]
        return names.indices.contains(code) ? names[code] : "Code(\(code))"
    }

    /// `rpc error: code = NotFound desc = unknown service`.
    public var description: String { "rpc error: code = \(name) desc = \(message)" }

    /// What an HTTP status without a gRPC status means.
    static func http(_ status: String) -> GRPCStatus {
        let code =
            switch status {
            case "400": internalFault
            case "401": 16
            case "403": 7
            case "404": unimplemented
            case "429", "502", "503", "504": unavailable
            default: unknown
            }
        return GRPCStatus(code, "unexpected HTTP status code received from server: \(status)")
    }

    /// A message as the field `grpc-message` has it.
    static func decoded(_ text: String) -> String {
        var out: [UInt8] = []
        var bytes = Array(text.utf8)[...]
        while let byte = bytes.popFirst() {
            if byte == UInt8(ascii: "%"), bytes.count >= 2,
                let value = UInt8(String(decoding: bytes.prefix(2), as: UTF8.self), radix: 16)
            {
                out.append(value)
                bytes = bytes.dropFirst(2)
            } else {
                out.append(byte)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
