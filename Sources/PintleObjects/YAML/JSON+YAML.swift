extension JSON {
    /// Reads one YAML document, as Kubernetes does: YAML 1.1 plain scalars (`yes` is a boolean, `0o17` a number),
    /// anchors, aliases and merge keys; keys become strings; an empty text is ``null``.
    ///
    /// - Throws: ``JSONError`` with line and column; also for a second document.
    public init(yaml: String) throws(JSONError) {
        let documents = try YAMLDocument.parse(yaml)
        if let second = documents.dropFirst().first {
            let place = second.positions[""] ?? YAMLDocument.Position(line: 0, column: 0)
            throw JSONError(
                message: "expected one document and found another", line: place.line, column: place.column)
        }
        self = documents.first?.value ?? .null
    }

    /// Reads every YAML document of a text; documents with nothing in them are left out.
    ///
    /// - Throws: ``JSONError`` with line and column.
    public static func documents(yaml: String) throws(JSONError) -> [JSON] {
        try YAMLDocument.parse(yaml).map(\.value)
    }
}
