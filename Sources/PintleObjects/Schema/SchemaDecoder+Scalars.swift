extension SchemaDecoder {
    /// Checks and normalises the scalars that are more than a JSON type.
    func scalar(_ value: inout JSON, _ type: ValueType) throws(DecodeFault) {
        switch type {
        case .quantity: try quantity(&value)
        case .time: try time(&value, micro: false)
        case .microTime: try time(&value, micro: true)
        case .bytes:
            guard case .string(let text) = value else { throw DecodeFault(value, into: "[]uint8") }
            let isPlain = text.utf8.contains { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") } == false
            do throws(Base64.DecodeError) {
                let bytes = try Base64.decode(text)
                if isPlain == false { value = .string(Base64.encode(bytes)) }
            } catch {
                throw DecodeFault(error.description)
            }
        case .intOrString:
            switch value {
            case .string: break
            case .integer(let number) where Int32(exactly: number) != nil: break
            case .integer, .number:
                throw DecodeFault("json: cannot unmarshal number \(value) into Go value of type int32")
            default: throw DecodeFault("json: cannot unmarshal \(value.typeName) into Go value of type int32")
            }
        default: break
        }
    }

    private func quantity(_ value: inout JSON) throws(DecodeFault) {
        let text: String
        switch value {
        case .string(let string): text = string
        default: text = value.description
        }
        do throws(Quantity.ParseError) {
            let canonical = try Quantity(parsing: text).text
            if value.string != canonical { value = .string(canonical) }
        } catch {
            throw DecodeFault(error.description)
        }
    }

    private func time(_ value: inout JSON, micro: Bool) throws(DecodeFault) {
        guard case .string(let text) = value else {
            throw DecodeFault("json: cannot unmarshal \(value.typeName) into Go value of type string")
        }
        guard let time = Timestamp(rfc3339: text) else {
            let layout = micro ? "2006-01-02T15:04:05.000000Z07:00" : "2006-01-02T15:04:05Z07:00"
            throw DecodeFault(goTimeError(text, layout: layout))
        }
        let canonical = micro ? time.rfc3339Micro : time.rfc3339
        if text != canonical { value = .string(canonical) }
    }
}

/// What Go's `time.Parse` says about a text that is no RFC 3339 time.
func goTimeError(_ text: String, layout: String) -> String {
    let start = "parsing time \(goQuoted(text))"
    var rest = Substring(text)
    let parts: [(name: String, digits: Int, range: ClosedRange<Int>)] = [
        ("2006", 4, 0...9999), ("-", 0, 0...0), ("01", 2, 1...12), ("-", 0, 0...0), ("02", 2, 1...31), ("T", 0, 0...0),
        ("15", 2, 0...23), (":", 0, 0...0), ("04", 2, 0...59), (":", 0, 0...0), ("05", 2, 0...59),
    ]
    let outOfRange = ["01": "month", "02": "day", "15": "hour", "04": "minute", "05": "second"]
    for part in parts {
        if part.digits == 0 {
            guard rest.hasPrefix(part.name) else {
                return
                    "\(start) as \(goQuoted(layout)): cannot parse \(goQuoted(String(rest))) as \(goQuoted(part.name))"
            }
            rest = rest.dropFirst()
            continue
        }
        let digits = rest.prefix(part.digits)
        guard digits.utf8.count == part.digits, let number = Int(digits), digits.allSatisfy(\.isWholeNumber) else {
            return "\(start) as \(goQuoted(layout)): cannot parse \(goQuoted(String(rest))) as \(goQuoted(part.name))"
        }
        guard part.range.contains(number) else { return "\(start): \(outOfRange[part.name] ?? part.name) out of range" }
        rest = rest.dropFirst(part.digits)
    }
    if rest.isEmpty || "Z+-.".contains(rest.first ?? "Z") == false {
        return "\(start) as \(goQuoted(layout)): cannot parse \(goQuoted(String(rest))) as \"Z07:00\""
    }
    return "\(start): day out of range"
}
