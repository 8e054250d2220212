extension OpenAPI {
    /// The OpenAPI v2 document `document` as the protobuf message `openapi.v2.Document` of gnostic.
    ///
    /// Older kubectls (1.20 among them) read nothing else. The numbers are those of gnostic's OpenAPIv2.proto.
    public static func protobuf(v2 document: JSON) -> [UInt8] {
        var out = ProtobufWriter()
        out.string(1, document["swagger"])
        out.message(2) { info in
            info.string(1, document["info"]["title"])
            info.string(2, document["info"]["version"])
        }
        out.message(8) { paths in
            for (path, item) in document["paths"].object?.members ?? [] {
                paths.named(2, path) { pathItem(item, &$0) }
            }
        }
        out.message(9) { definitions in
            for (name, definition) in document["definitions"].object?.members ?? [] {
                definitions.named(1, name) { schema(definition, &$0) }
            }
        }
        return out.bytes
    }

    private static func pathItem(_ item: JSON, _ out: inout ProtobufWriter) {
        let methods = [("get", 2), ("put", 3), ("post", 4), ("delete", 5), ("options", 6), ("head", 7), ("patch", 8)]
        for (method, number) in methods where item[method].isNull == false {
            out.message(number) { operation(item[method], &$0) }
        }
        parameters(9, item["parameters"], &out)
        out.extensions(10, item)
    }

    private static func operation(_ operation: JSON, _ out: inout ProtobufWriter) {
        out.strings(1, operation["tags"])
        out.string(3, operation["description"])
        out.string(5, operation["operationId"])
        out.strings(6, operation["produces"])
        out.strings(7, operation["consumes"])
        parameters(8, operation["parameters"], &out)
        out.message(9) { responses in
            for (code, response) in operation["responses"].object?.members ?? [] {
                responses.named(1, code) { value in
                    value.message(1) { out in
                        out.string(1, response["description"])
                        if response["schema"].isNull == false {
                            out.message(2) { item in item.message(1) { schema(response["schema"], &$0) } }
                        }
                    }
                }
            }
        }
        out.strings(10, operation["schemes"])
        out.extensions(13, operation)
    }

    private static func parameters(_ number: Int, _ list: JSON, _ out: inout ProtobufWriter) {
        for parameter in list.array ?? [] {
            out.message(number) { item in
                item.message(1) { out in
                    switch parameter["in"].string {
                    case "body":
                        out.message(1) { body in
                            body.string(2, parameter["name"])
                            body.string(3, parameter["in"])
                            body.bool(4, parameter["required"])
                            body.message(5) { schema(parameter["schema"], &$0) }
                        }
                    case "query":
                        out.message(2) { other in other.message(3) { scalar(parameter, isQuery: true, &$0) } }
                    default: out.message(2) { other in other.message(4) { scalar(parameter, isQuery: false, &$0) } }
                    }
                }
            }
        }
    }

    /// A parameter in the query or the path: a query's type comes one number later.
    private static func scalar(_ parameter: JSON, isQuery: Bool, _ out: inout ProtobufWriter) {
        out.bool(1, parameter["required"])
        out.string(2, parameter["in"])
        out.string(3, parameter["description"])
        out.string(4, parameter["name"])
        out.string(isQuery ? 6 : 5, parameter["type"])
        out.bool(isQuery ? 20 : 19, parameter["uniqueItems"])
    }

    private static func schema(_ schema: JSON, _ out: inout ProtobufWriter) {
        out.string(1, schema["$ref"])
        out.string(2, schema["format"])
        out.string(4, schema["description"])
        if let preset = schema.object?["default"] { out.any(5, preset) }
        out.strings(19, schema["required"])
        for value in schema["enum"].array ?? [] { out.any(20, value) }
        if schema["additionalProperties"].isNull == false {
            out.message(21) { item in item.message(1) { self.schema(schema["additionalProperties"], &$0) } }
        }
        if schema["type"].isNull == false { out.message(22) { $0.string(1, schema["type"]) } }
        if schema["items"].isNull == false {
            out.message(23) { items in items.message(1) { self.schema(schema["items"], &$0) } }
        }
        if let properties = schema["properties"].object {
            out.message(25) { out in
                for (name, property) in properties.members { out.named(1, name) { self.schema(property, &$0) } }
            }
        }
        out.extensions(31, schema)
    }
}

/// Writes protobuf fields one after the other.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    mutating func string(_ number: Int, _ json: JSON) {
        guard let text = json.string, text.isEmpty == false else { return }
        delimited(number, Array(text.utf8))
    }

    mutating func strings(_ number: Int, _ json: JSON) {
        for text in json.array ?? [] { delimited(number, Array((text.string ?? "").utf8)) }
    }

    mutating func bool(_ number: Int, _ json: JSON) {
        guard json.bool == true else { return }
        varint(UInt64(number) << 3)
        bytes.append(1)
    }

    mutating func message(_ number: Int, _ body: (inout ProtobufWriter) -> Void) {
        var inner = ProtobufWriter()
        body(&inner)
        delimited(number, inner.bytes)
    }

    /// A message of a name and a value, gnostic's form of a map's entry.
    mutating func named(_ number: Int, _ name: String, _ body: (inout ProtobufWriter) -> Void) {
        message(number) { entry in
            entry.delimited(1, Array(name.utf8))
            entry.message(2, body)
        }
    }

    /// A value of any type: gnostic keeps it as YAML, which JSON is.
    mutating func any(_ number: Int, _ json: JSON) {
        message(number) { $0.delimited(2, json.serialized() + [UInt8(ascii: "\n")]) }
    }

    /// The members whose names begin with `x-`.
    mutating func extensions(_ number: Int, _ json: JSON) {
        for (name, value) in json.object?.members ?? [] where name.hasPrefix("x-") {
            message(number) { entry in
                entry.delimited(1, Array(name.utf8))
                entry.any(2, value)
            }
        }
    }

    private mutating func delimited(_ number: Int, _ content: [UInt8]) {
        varint(UInt64(number) << 3 | 2)
        varint(UInt64(content.count))
        bytes += content
    }

    private mutating func varint(_ value: UInt64) {
        var value = value
        while value >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        bytes.append(UInt8(value))
    }
}
