internal import NIOHPACK
internal import NIOHTTP1

/// The header fields of a request; names compare without regard to case, order is kept.
///
/// The fields stay in the form in which the protocol's parser produced them: nothing is copied.
public struct HeaderFields: Sendable {
    private enum Storage: Sendable {
        case http1(HTTPHeaders)
        case http2(HPACKHeaders)
    }

    private let storage: Storage

    /// Makes fields from pairs of name and value.
    public init(_ fields: [(String, String)] = []) {
        self.storage = .http1(HTTPHeaders(fields))
    }

    init(http1: HTTPHeaders) { self.storage = .http1(http1) }

    /// HTTP/2's fields, with its pseudo fields (`:path` and so on).
    init(http2: HPACKHeaders) { self.storage = .http2(http2) }

    /// The value of the first field named `name`.
    ///
    /// HTTP/2's `:authority` is found as `host`.
    public subscript(name: String) -> String? {
        switch self.storage {
        case .http1(let headers): return headers.first(name: name)
        case .http2(let headers):
            if let value = headers.first(name: name) { return value }
            return name.lowercased() == "host" ? headers.first(name: ":authority") : nil
        }
    }

    /// The values of all fields named `name`, each as it was sent.
    public func values(_ name: String) -> [String] {
        switch self.storage {
        case .http1(let headers): headers[name]
        case .http2(let headers): headers[name]
        }
    }

    /// The comma-separated elements of all fields named `name`, trimmed, without empty ones.
    public func elements(_ name: String) -> [String] {
        self.values(name).flatMap { value in
            value.split(separator: ",").compactMap { part in
                let trimmed = part.trimmingBlanks
                return trimmed.isEmpty ? nil : String(trimmed)
            }
        }
    }

    /// Every field in its order, without HTTP/2's pseudo fields.
    public var all: [(name: String, value: String)] {
        switch self.storage {
        case .http1(let headers): headers.map { (name: $0.name, value: $0.value) }
        case .http2(let headers):
            headers.compactMap { $0.name.hasPrefix(":") ? nil : (name: $0.name, value: $0.value) }
        }
    }
}

extension Substring {
    /// The text without blanks and tabs at its ends.
    var trimmingBlanks: Substring {
        var result = self
        while let first = result.utf8.first, first == 0x20 || first == 0x09 { result = result.dropFirst() }
        while let last = result.utf8.last, last == 0x20 || last == 0x09 { result = result.dropLast() }
        return result
    }
}
