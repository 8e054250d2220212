/// An object as JSON text without a resourceVersion, which is how it is stored.
///
/// The revision is known only when the object has been written; ``spliced(revision:)`` puts it in without decoding.
public struct EncodedObject: Sendable {
    /// The JSON text.
    ///
    /// It has a member `metadata`, an object without `resourceVersion`.
    public let bytes: [UInt8]
    /// What selectors look at, when the writer knew it; otherwise it is read from the bytes when first needed.
    public let attributes: ObjectAttributes?
    /// The offset just behind the brace that opens `metadata`.
    private let spliceOffset: Int

    /// Takes an encoded object.
    ///
    /// - Throws: ``StoreError/Code/corrupt`` when the text is no JSON object with an object named `metadata`.
    public init(_ bytes: [UInt8], attributes: ObjectAttributes? = nil) throws(StoreError) {
        guard let offset = bytes.withUnsafeBufferPointer({ metadataOffset(in: $0) }) else {
            throw StoreError(.corrupt, "a stored object is not a JSON object with metadata")
        }
        self.bytes = bytes
        self.attributes = attributes
        self.spliceOffset = offset
    }

    /// The text with `"resourceVersion":"REVISION"` as the first member of `metadata`, and where that member lies.
    func spliced(revision: Int64) -> (bytes: [UInt8], member: Range<Int>) {
        var member = Array("\"resourceVersion\":\"\(revision)\"".utf8)
        if !isEmptyMetadata { member.append(UInt8(ascii: ",")) }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + member.count)
        result += bytes[..<spliceOffset]
        result += member
        result += bytes[spliceOffset...]
        return (result, spliceOffset..<(spliceOffset + member.count))
    }

    private var isEmptyMetadata: Bool {
        bytes[spliceOffset...].first { !isBlank($0) } == UInt8(ascii: "}")
    }
}

/// What label and field selectors can ask about an object.
public struct ObjectAttributes: Sendable, Hashable {
    /// `metadata.labels`.
    public let labels: [String: String]
    /// The fields that the kind lets be selected, by path.
    public let fields: [String: String]

    /// Holds an object's labels and selectable fields.
    public init(labels: [String: String], fields: [String: String]) {
        self.labels = labels
        self.fields = fields
    }
}

private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }

/// Finds the offset behind the opening brace of the member `metadata` of the outermost object.
private func metadataOffset(in text: UnsafeBufferPointer<UInt8>) -> Int? {
    var scanner = MemberScanner(text: text)
    return scanner.offsetOfMetadata()
}

/// Walks the members of the outermost object; it trusts that the text is valid JSON and only keeps within it.
private struct MemberScanner {
    let text: UnsafeBufferPointer<UInt8>
    var position = 0

    init(text: UnsafeBufferPointer<UInt8>) { self.text = text }

    mutating func offsetOfMetadata() -> Int? {
        guard take(UInt8(ascii: "{")) else { return nil }
        while true {
            guard let key = string(), take(UInt8(ascii: ":")) else { return nil }
            let isMetadata = "metadata".utf8.elementsEqual(text[key])
            if isMetadata { return take(UInt8(ascii: "{")) ? position : nil }
            guard skipValue(), take(UInt8(ascii: ",")) else { return nil }
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        while position < text.count, isBlank(text[position]) { position += 1 }
        guard position < text.count, text[position] == byte else { return false }
        position += 1
        return true
    }

    /// Steps over a string and returns the range of what is between its quotes.
    private mutating func string() -> Range<Int>? {
        guard take(UInt8(ascii: "\"")) else { return nil }
        let start = position
        while position < text.count {
            switch text[position] {
            case UInt8(ascii: "\""):
                position += 1
                return start..<(position - 1)
            case UInt8(ascii: "\\"): position += 2
            default: position += 1
            }
        }
        return nil
    }

    /// Steps over one value, up to the comma or brace behind it.
    private mutating func skipValue() -> Bool {
        var depth = 0
        while position < text.count {
            switch text[position] {
            case UInt8(ascii: "\""):
                guard string() != nil else { return false }
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { return true }
                depth -= 1
            case UInt8(ascii: ","):
                if depth == 0 { return true }
            default: break
            }
            position += 1
        }
        return false
    }
}
