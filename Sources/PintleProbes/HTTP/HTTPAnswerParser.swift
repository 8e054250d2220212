/// Reads an answer as far as a check cares: the status, where it redirects to, and the beginning of the body.
///
/// A value without I/O; feed it with what arrives.
struct HTTPAnswerParser: Sendable {
    /// What of a body is read: 10 KiB.
    static let bodyLimit = 10 * 1024
    /// What a head may have: 1 MiB.
    static let headLimit = 1 << 20

    enum State: Sendable, Hashable {
        case head
        case body
        case complete
        case broken(String)
    }

    private(set) var state = State.head
    private(set) var status = 0
    private(set) var location: String?
    /// What has arrived of the body, chunk sizes included, at most ``bodyLimit`` bytes.
    private(set) var body: [UInt8] = []
    /// Whether anything has arrived.
    private(set) var isEmpty = true
    private var head: [UInt8] = []
    /// Where the search for the head's end goes on.
    private var scanned = 0
    private var length: Int?
    private var isChunked = false

    /// Takes bytes that have arrived.
    mutating func feed(_ bytes: some Collection<UInt8>) {
        if !bytes.isEmpty { isEmpty = false }
        switch state {
        case .head:
            head += bytes
            readHeads()
        case .body: addBody(bytes)
        case .complete, .broken: break
        }
    }

    /// The other side has ended the connection.
    mutating func end() {
        switch state {
        case .head: state = .broken(isEmpty ? "EOF" : "net/http: HTTP/1.x transport connection broken: unexpected EOF")
        case .body: state = isChunked || length != nil ? .broken("unexpected EOF") : .complete
        case .complete, .broken: break
        }
    }

    private mutating func readHeads() {
        while state == .head, let end = headEnd() {
            let text = head[..<end]
            let rest = Array(head[end...])
            parse(text)
            head = rest
            scanned = 0
            // 100 Continue and its kin precede the answer.
            if state == .head, (100...199).contains(status), status != 101 { continue }
            guard state == .head else { return }
            head = []
            state = .body
            if length == 0 || status == 204 || status == 304 || status == 101 { state = .complete }
            addBody(rest)
        }
        guard state == .head else { return }
        // What does not begin like HTTP is no answer, however long it goes on.
        if !zip(head, "HTTP/".utf8).allSatisfy({ $0 == $1 }) {
            malformed(head)
        } else if head.count > Self.headLimit {
            state = .broken("net/http: server response headers exceeded \(Self.headLimit) bytes; aborted")
        }
    }

    /// Behind the empty line, which may end with LF alone.
    private mutating func headEnd() -> Int? {
        var index = scanned
        while index < head.count {
            defer { index += 1 }
            guard head[index] == UInt8(ascii: "\n") else { continue }
            if index + 1 < head.count, head[index + 1] == UInt8(ascii: "\n") { return index + 2 }
            if index + 2 < head.count, head[index + 1] == UInt8(ascii: "\r"), head[index + 2] == UInt8(ascii: "\n") {
                return index + 3
            }
        }
        scanned = max(0, head.count - 3)
        return nil
    }

    private mutating func parse(_ text: ArraySlice<UInt8>) {
        var lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
            line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        }[...]
        let first = lines.removeFirst()
        guard first.starts(with: "HTTP/1.".utf8) else { return malformed(Array(first)) }
        let words = first.split(separator: UInt8(ascii: " "), maxSplits: 2, omittingEmptySubsequences: false)
        guard words.count > 1 else { return malformed(Array(first)) }
        let digits = String(decoding: words[1], as: UTF8.self)
        guard words[1].count == 3, let number = Int(digits), number >= 100 else {
            state = .broken(Self.broken("malformed HTTP status code \"\(digits)\""))
            return
        }
        status = number
        location = nil
        length = nil
        isChunked = false
        for line in lines where !line.isEmpty { field(line) }
    }

    private mutating func field(_ line: ArraySlice<UInt8>) {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex else {
            state = .broken(
                Self.broken("malformed MIME header line: \(String(decoding: line.prefix(200), as: UTF8.self))"))
            return
        }
        let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
        guard name == "location" || name == "content-length" || name == "transfer-encoding" else { return }
        let blanks: [UInt8] = [0x20, 0x09]
        let value = line[(colon + 1)...].drop { blanks.contains($0) }
        let end = (value.lastIndex { !blanks.contains($0) }).map { $0 + 1 } ?? value.startIndex
        let text = String(decoding: value[value.startIndex..<end], as: UTF8.self)
        switch name {
        case "location": location = text
        case "content-length":
            guard let number = Int(text), number >= 0, !text.hasPrefix("+") else {
                state = .broken(Self.broken("bad Content-Length \"\(text)\""))
                return
            }
            length = number
        default: isChunked = text.lowercased().hasSuffix("chunked")
        }
    }

    private mutating func addBody(_ bytes: some Collection<UInt8>) {
        guard state == .body else { return }
        body += bytes.prefix(Self.bodyLimit - body.count)
        let end: [UInt8] = Array("0\r\n\r\n".utf8)
        if body.count >= Self.bodyLimit {
            state = .complete
        } else if isChunked {
            // The last chunk, if no trailers follow it; otherwise the connection's end tells.
            if body.suffix(5) == end[...], body.count == 5 || body.suffix(7).starts(with: "\r\n".utf8) {
                state = .complete
            }
        } else if let length, body.count >= length {
            state = .complete
        }
    }

    private mutating func malformed(_ line: [UInt8]) {
        let first = line.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }.prefix(200)
        let text = String(decoding: first, as: UTF8.self).map { $0.isASCII && $0 >= " " ? String($0) : "\\ufffd" }
        state = .broken(Self.broken("malformed HTTP response \"\(text.joined())\""))
    }

    private static func broken(_ why: String) -> String { "net/http: HTTP/1.x transport connection broken: \(why)" }
}
