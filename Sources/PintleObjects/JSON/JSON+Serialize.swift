extension JSON {
    /// The value as JSON text without white space, in UTF-8.
    public func serialized() -> [UInt8] {
        var sink = ByteSink(capacity: 2048)
        write(to: &sink)
        return sink.withBytes { Array($0) }
    }

    /// Appends the value as JSON text without white space to `out`.
    public func write(into out: inout [UInt8]) {
        var sink = ByteSink(capacity: 2048)
        write(to: &sink)
        sink.withBytes { out.append(contentsOf: $0) }
    }

    /// The value as JSON text with two spaces per level and a member or element on each line.
    public func prettyPrinted() -> String {
        var sink = ByteSink(capacity: 2048)
        writePretty(to: &sink, indent: 0)
        return sink.withBytes { String(decoding: $0, as: UTF8.self) }
    }

    /// Appends `string` as a JSON string with its quotes.
    public static func write(string: String, into out: inout [UInt8]) {
        var sink = ByteSink(capacity: string.utf8.count + 16)
        sink.append(quoting: string)
        sink.withBytes { out.append(contentsOf: $0) }
    }

    private func write(to sink: inout ByteSink) {
        switch self {
        case .null: sink.append(literal: "null")
        case .bool(let value): sink.append(literal: value ? "true" : "false")
        case .integer(let value): sink.append(value)
        case .number(let text): sink.append(text)
        case .string(let text): sink.append(quoting: text)
        case .array(let elements):
            sink.append(UInt8(ascii: "["))
            for index in elements.indices {
                if index > 0 { sink.append(UInt8(ascii: ",")) }
                elements[index].write(to: &sink)
            }
            sink.append(UInt8(ascii: "]"))
        case .object(let object):
            sink.append(UInt8(ascii: "{"))
            for index in object.members.indices {
                if index > 0 { sink.append(UInt8(ascii: ",")) }
                sink.append(quoting: object.members[index].key)
                sink.append(UInt8(ascii: ":"))
                object.members[index].value.write(to: &sink)
            }
            sink.append(UInt8(ascii: "}"))
        }
    }

    private func writePretty(to sink: inout ByteSink, indent: Int) {
        switch self {
        case .array(let elements) where elements.isEmpty == false:
            sink.append(UInt8(ascii: "["))
            for index in elements.indices {
                if index > 0 { sink.append(UInt8(ascii: ",")) }
                JSON.newLine(indent + 1, to: &sink)
                elements[index].writePretty(to: &sink, indent: indent + 1)
            }
            JSON.newLine(indent, to: &sink)
            sink.append(UInt8(ascii: "]"))
        case .object(let object) where object.isEmpty == false:
            sink.append(UInt8(ascii: "{"))
            for index in object.members.indices {
                if index > 0 { sink.append(UInt8(ascii: ",")) }
                JSON.newLine(indent + 1, to: &sink)
                sink.append(quoting: object.members[index].key)
                sink.append(literal: ": ")
                object.members[index].value.writePretty(to: &sink, indent: indent + 1)
            }
            JSON.newLine(indent, to: &sink)
            sink.append(UInt8(ascii: "}"))
        default: write(to: &sink)
        }
    }

    private static func newLine(_ indent: Int, to sink: inout ByteSink) {
        sink.append(UInt8(ascii: "\n"))
        for _ in 0..<indent { sink.append(literal: "  ") }
    }
}
