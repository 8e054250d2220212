internal import NIOCore

/// An answer that the server gives by itself, as a Kubernetes Status: the request never reached the responder.
struct ProtocolFailure: Error {
    let status: Int
    let reason: String
    let message: String

    static func badRequest(_ message: String) -> ProtocolFailure {
        ProtocolFailure(status: 400, reason: "BadRequest", message: message)
    }

    static func bodyTooLarge(limit: Int) -> ProtocolFailure {
        ProtocolFailure(
            status: 413, reason: "RequestEntityTooLarge", message: "Request entity too large: limit is \(limit)")
    }

    static let headTooLarge = ProtocolFailure(
        status: 431, reason: "RequestHeaderFieldsTooLarge", message: "The request's header fields are too large.")
    static let timeout = ProtocolFailure(
        status: 408, reason: "Timeout", message: "The request did not arrive in time.")
    static let unanswered = ProtocolFailure(
        status: 500, reason: "InternalError", message: "Internal error occurred: the request was dropped unanswered.")

    static let headers = [("content-type", "application/json")]

    /// The Status in JSON; the messages above hold no character that JSON would escape, others are escaped.
    var body: ByteBuffer {
        ByteBuffer(
            string: """
                {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",\
                "message":\(JSONText.quoted(self.message)),"reason":"\(self.reason)","code":\(self.status)}

                """)
    }
}

/// The little JSON that is written here.
enum JSONText {
    /// `text` as a JSON string, with its quotation marks.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20:
                let hex = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
