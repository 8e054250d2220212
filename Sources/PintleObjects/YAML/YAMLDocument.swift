import Yams

/// One YAML document with the place of everything in it, so that a complaint about a field can name its line.
public struct YAMLDocument: Sendable {
    /// A place in a text.
    public struct Position: Sendable, Hashable {
        /// From 1.
        public let line: Int
        /// In Unicode scalars, from 1.
        public let column: Int
    }

    /// What the document says.
    public let value: JSON
    /// The place of the key (of a member) or of the value (of an element) for each path.
    ///
    /// A path looks like `drivers[0].options.mtu`; the document itself is at the empty path. What an alias or a merge key
    /// brought in has the place of its definition.
    public let positions: [String: Position]

    /// The place of `path` or, when the document has no such field, of the nearest thing around it that is there.
    public func position(of path: String) -> Position? {
        var path = path[...]
        while true {
            if let found = positions[String(path)] { return found }
            guard let cut = path.lastIndex(where: { $0 == "." || $0 == "[" }) else { return positions[""] }
            path = path[..<cut]
        }
    }

    /// The line of `path`; see ``position(of:)``.
    public func line(of path: String) -> Int? { position(of: path)?.line }

    /// Reads every document of `text`; documents with nothing in them are left out.
    ///
    /// `limits` are for the bytes of the text and the depth of nesting; aliases may not make more than a million values
    /// of it.
    ///
    /// - Throws: ``JSONError`` with line and column; a repeated key is an error.
    public static func parse(_ text: String, limits: JSONLimits = .default) throws(JSONError) -> [YAMLDocument] {
        guard text.utf8.count <= limits.bytes else {
            throw JSONError(
                message: "the text has \(text.utf8.count) bytes, the limit is \(limits.bytes)", line: 0, column: 0)
        }
        do {
            let parser = try Yams.Parser(yaml: text, resolver: .basic, encoding: .utf8)
            var documents: [YAMLDocument] = []
            while let node = try parser.nextRoot() {
                var reader = YAMLReader(limits: limits)
                let value = try reader.document(node)
                if value.isNull { continue }
                documents.append(YAMLDocument(value: value, positions: reader.positions))
            }
            return documents
        } catch let error as JSONError {
            throw error
        } catch let error as YamlError {
            throw JSONError(yaml: error, in: text)
        } catch {
            throw JSONError(message: "yaml: \(error)", line: 0, column: 0)
        }
    }
}

extension JSONError {
    /// A fault that the YAML library found.
    init(yaml error: YamlError, in text: String) {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let prefix = context.map { "\($0.text): " } ?? ""
            self.init(message: "yaml: \(prefix)\(problem)", line: mark.line, column: mark.column)
        case .duplicatedKeysInMapping(let keys, let context):
            let first = YAMLDocument.Position(line: context.mark.line, column: context.mark.column)
            let place = secondPlace(of: keys.first ?? "", after: first, in: text) ?? first
            let named = keys.map(goQuoted).joined(separator: ", ")
            self.init(message: "yaml: key \(named) already set in map", line: place.line, column: place.column)
        case .reader(let problem, let offset, _, _):
            var line = 0
            var column = 0
            if let offset {
                let before = text.prefix(offset)
                line = 1 + before.count { $0.isNewline }
                column = 1 + before.reversed().prefix { $0.isNewline == false }.count
            }
            self.init(message: "yaml: \(problem)", line: line, column: column)
        case .memory: self.init(message: "yaml: out of memory", line: 0, column: 0)
        default: self.init(message: "yaml: \(error)", line: 0, column: 0)
        }
    }
}

/// Where a key of a block mapping is given again: the library names the first place only.
private func secondPlace(of key: String, after first: YAMLDocument.Position, in text: String) -> YAMLDocument.Position?
{
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard first.line >= 1, first.line <= lines.count else { return nil }
    for index in first.line..<lines.count {
        let indent = lines[index].unicodeScalars.prefix(first.column - 1)
        let rest = Substring(lines[index].unicodeScalars.dropFirst(first.column - 1))
        guard indent.allSatisfy({ $0 == " " || $0 == "-" }) else { continue }
        for form in ["\(key):", "\"\(key)\":", "'\(key)':"] where rest.hasPrefix(form) {
            return YAMLDocument.Position(line: index + 1, column: first.column)
        }
    }
    return nil
}
