/// Why a text is not JSON or YAML, and where.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong, in the words of Go's decoder where it has some.
    public let message: String
    /// The line, from 1; 0 when the place is not known.
    public let line: Int
    /// The column in bytes, from 1; 0 when the place is not known.
    public let column: Int

    /// Makes an error at a place.
    public init(message: String, line: Int, column: Int) {
        self.message = message
        self.line = line
        self.column = column
    }

    /// The place and the message.
    public var description: String { line == 0 ? message : "line \(line), column \(column): \(message)" }
}

/// How much a parser takes before it gives up.
public struct JSONLimits: Sendable, Hashable {
    /// The largest text, in bytes.
    public var bytes: Int
    /// How deep lists and objects may nest.
    public var depth: Int

    /// Makes limits.
    public init(bytes: Int, depth: Int) {
        self.bytes = bytes
        self.depth = depth
    }

    /// 64 MiB, 512 levels: each level costs the reader's stack a few hundred bytes.
    public static let `default` = JSONLimits(bytes: 64 << 20, depth: 512)
}
