internal import NIOCore

/// Header fields of a SPDY stream: lower-case names, values joined by NUL when there are several.
typealias SPDYHeaders = [(name: String, value: String)]

/// A frame of SPDY/3.1, as far as streams over Kubernetes' API use it (SPDY Protocol - Draft 3.1, section 2).
enum SPDYFrame {
    case synStream(id: UInt32, headers: SPDYHeaders, fin: Bool)
    case synReply(id: UInt32, headers: SPDYHeaders, fin: Bool)
    case reset(id: UInt32, status: SPDYStatus)
    case settings([(id: UInt32, value: UInt32)])
    case ping(id: UInt32)
    case goAway(last: UInt32, status: UInt32)
    case headers(id: UInt32, headers: SPDYHeaders, fin: Bool)
    case windowUpdate(id: UInt32, delta: UInt32)
    /// A piece of a data frame: large frames are handed on as they arrive. `fin` is on the last piece only.
    case data(id: UInt32, bytes: ByteBuffer, fin: Bool)
    /// A control frame of another type: it is to be ignored (section 2.2).
    case other(type: UInt16)

    /// The types of control frames (section 2.6).
    enum Kind {
        static let synStream: UInt16 = 1, synReply: UInt16 = 2, reset: UInt16 = 3, settings: UInt16 = 4
        static let ping: UInt16 = 6, goAway: UInt16 = 7, headers: UInt16 = 8, windowUpdate: UInt16 = 9
    }

    /// `FLAG_FIN`: the sender writes no more on the stream.
    static let finFlag: UInt8 = 1
    /// The setting that says how many bytes may be sent ahead on a stream.
    static let initialWindowSetting: UInt32 = 7
}

/// Why a stream was reset (section 2.6.3).
enum SPDYStatus: UInt32 {
    case protocolError = 1, invalidStream, refusedStream, unsupportedVersion, cancel, internalError, flowControlError
    case streamInUse, streamAlreadyClosed, unused, frameTooLarge
}

/// A fault of the client after which the connection cannot go on.
struct SPDYFault: Error, Equatable {
    let reason: String
}
