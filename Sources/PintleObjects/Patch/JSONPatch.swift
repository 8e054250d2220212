/// A JSON patch (RFC 6902), as Kubernetes applies it: indices may count from the end (`-1` is the last element).
public struct JSONPatch: Sendable {
    /// Kubernetes refuses longer patches.
    public static let maximumOperations = 10_000

    private enum Operation: Sendable {
        case add(JSON)
        case remove
        case replace(JSON)
        case move(from: [String])
        case copy(from: [String])
        case test(JSON)
    }

    private let operations: [(operation: Operation, path: [String])]

    /// Reads a patch.
    ///
    /// - Throws: ``StatusError`` 400 when it is not a list of operations, 413 when it is too long.
    public init(_ json: JSON) throws(StatusError) {
        guard let list = json.array else {
            throw .badRequest("json: cannot unmarshal \(json.typeName) into Go value of type jsonpatch.Patch")
        }
        guard list.count <= Self.maximumOperations else {
            throw StatusError(
                code: 413, reason: "RequestEntityTooLarge",
                message: "Request entity too large: The allowed maximum operations in a JSON patch is "
                    + "\(Self.maximumOperations), got \(list.count)")
        }
        var operations: [(Operation, [String])] = []
        for json in list {
            guard json.object != nil else {
                throw .badRequest("json: cannot unmarshal \(json.typeName) into Go value of type jsonpatch.Operation")
            }
            guard let path = Self.pointer(json["path"]) else { throw .rejected }
            operations.append((try Self.operation(json), path))
        }
        self.operations = operations
    }

    /// Applies every operation in turn.
    ///
    /// - Throws: ``StatusError`` 422 when one of them does not apply; `value` is then as far as the patch came.
    public func apply(to value: inout JSON) throws(StatusError) {
        for (operation, path) in operations {
            switch operation {
            case .add(let new): try Self.add(new, to: &value, path[...])
            case .remove: _ = try Self.remove(from: &value, path[...])
            case .replace(let new): try Self.replace(new, in: &value, path[...])
            case .move(let from):
                let moved = try Self.remove(from: &value, from[...])
                try Self.add(moved, to: &value, path[...])
            case .copy(let from):
                guard let copied = Self.find(value, from[...]) else { throw .rejected }
                try Self.add(copied, to: &value, path[...])
            case .test(let expected):
                guard (Self.find(value, path[...]) ?? .null) == expected else { throw .rejected }
            }
        }
    }

    private static func operation(_ json: JSON) throws(StatusError) -> Operation {
        let value = json.object?["value"]
        switch json["op"].string {
        case "add": if let value { return .add(value) }
        case "remove": return .remove
        case "replace": if let value { return .replace(value) }
        case "move": if let from = pointer(json["from"]) { return .move(from: from) }
        case "copy": if let from = pointer(json["from"]) { return .copy(from: from) }
        case "test": return .test(value ?? .null)
        default: break
        }
        throw .rejected
    }

    /// The parts of a JSON pointer (RFC 6901); `nil` when `json` is none.
    private static func pointer(_ json: JSON) -> [String]? {
        guard let text = json.string else { return nil }
        if text.isEmpty { return [] }
        guard text.hasPrefix("/") else { return nil }
        return text.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map(unescaped)
    }

    /// `~1` is a slash, `~0` a tilde.
    private static func unescaped(_ part: Substring) -> String {
        guard part.contains("~") else { return String(part) }
        var out = ""
        var rest = part
        while let character = rest.popFirst() {
            if character == "~", rest.first == "1" {
                out.append("/")
                rest.removeFirst()
            } else if character == "~", rest.first == "0" {
                out.append("~")
                rest.removeFirst()
            } else {
                out.append(character)
            }
        }
        return out
    }
}

extension StatusError {
    /// 422 for a patch that does not apply; Kubernetes gives no reason either.
    static let rejected = StatusError(
        code: 422, reason: "Invalid", message: "the server rejected our request due to an error in our request",
        details: [:])
}
