extension Schema {
    /// An object as the schema has it, and what was wrong with the original but forgiven.
    public struct Decoded: Sendable {
        /// The object: only known fields, no nulls, canonical quantities and times.
        public var object: JSON
        /// One text per `Warning` header, for example `unknown field "spec.foo"`.
        public var warnings: [String]
    }

    /// Decodes the body of a request, which is JSON or YAML.
    ///
    /// - Throws: ``StatusError`` 400 with Kubernetes' words.
    public func decode(body: [UInt8], isYAML: Bool = false, validation: FieldValidation = .strict)
        throws(StatusError) -> Decoded
    {
        let (object, duplicates) = try parse(body: body, isYAML: isYAML)
        return try decode(object, duplicates: duplicates, validation: validation)
    }

    /// Parses the body of a request without looking at what it says.
    ///
    /// - Returns: The value and the paths of repeated members.
    /// - Throws: ``StatusError`` 400 with Kubernetes' words.
    public func parse(body: [UInt8], isYAML: Bool = false) throws(StatusError) -> (object: JSON, duplicates: [String]) {
        do throws(JSONError) {
            if isYAML {
                guard let text = String(validating: body, as: UTF8.self) else {
                    throw JSONError(message: "yaml: invalid UTF-8", line: 1, column: 1)
                }
                return (try JSON(yaml: text), [])
            }
            let (object, duplicates) = try JSON.parse(body)
            return (object, duplicates)
        } catch {
            throw unrecognized(
                isYAML
                    ? "error converting YAML to JSON: \(error.line == 0 ? "" : "line \(error.line): ")\(error.message)"
                    : "couldn't get version/kind; json parse error: \(error.message)", body: body)
        }
    }

    /// Decodes an object that is already parsed; group, version and kind are filled in where they are missing.
    ///
    /// `duplicates` are the paths of repeated members, as ``JSON/parse(_:limits:)-([UInt8],_)`` answers them.
    ///
    /// - Throws: ``StatusError`` 400 with Kubernetes' words: another kind, a value of the wrong type, and under
    ///   ``FieldValidation/strict`` unknown and repeated fields.
    public func decode(_ object: JSON, duplicates: [String] = [], validation: FieldValidation = .strict)
        throws(StatusError) -> Decoded
    {
        var object = object
        guard case .object = object else {
            throw unrecognized(
                "couldn't get version/kind; json parse error: json: cannot unmarshal \(object.typeName) into Go value of "
                    + "type struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; "
                    + "Kind string \"json:\\\"kind,omitempty\\\"\" }", body: object.serialized())
        }
        try fillIn(&object)
        let faults: [String]
        do throws(DecodeFault) {
            faults = try normalize(&object) + duplicates.map { "duplicate field \(goQuoted($0))" }
        } catch {
            throw cannotBeHandled(error.message)
        }
        if faults.isEmpty || validation == .ignore { return Decoded(object: object, warnings: []) }
        if validation == .strict { throw cannotBeHandled("strict decoding error: \(faults.joined(separator: ", "))") }
        return Decoded(object: object, warnings: faults)
    }

    /// Decodes what a patch made of an object.
    ///
    /// `patch` is the text of the patch, which Kubernetes shows in the message; `duplicates` are the paths of members that
    /// are repeated in it.
    ///
    /// - Throws: ``StatusError`` 422 with Kubernetes' words.
    public func decode(
        patched object: JSON, patch: [UInt8], duplicates: [String] = [], validation: FieldValidation = .strict
    ) throws(StatusError) -> Decoded {
        func refused(_ why: String) -> StatusError {
            let cause = FieldError.invalid("patch", .string(String(decoding: patch, as: UTF8.self)), why)
            return .invalid(kind: "", group: "", name: "", causes: [cause])
        }
        var object = object
        let faults: [String]
        do throws(DecodeFault) {
            faults = try normalize(&object) + duplicates.map { "duplicate field \(goQuoted($0))" }
        } catch {
            throw refused(error.message)
        }
        if faults.isEmpty || validation == .ignore { return Decoded(object: object, warnings: []) }
        if validation == .strict { throw refused("strict decoding error: \(faults.joined(separator: ", "))") }
        return Decoded(object: object, warnings: faults)
    }

    /// Drops everything that the schema does not know, and nulls; answers the paths of unknown fields.
    ///
    /// Values of the wrong type are left alone from the first of them on.
    public func prune(_ object: inout JSON) -> [String] {
        var decoder = SchemaDecoder()
        try? decoder.object(&object, type)
        return decoder.unknown
    }

    private func normalize(_ object: inout JSON) throws(DecodeFault) -> [String] {
        var decoder = SchemaDecoder()
        try decoder.object(&object, type)
        return decoder.unknown.map { "unknown field \(goQuoted($0))" }
    }

    private func fillIn(_ object: inout JSON) throws(StatusError) {
        for (key, expected) in [("apiVersion", apiVersion), ("kind", kind)] {
            switch object[key] {
            case .null, .string(""): object[key] = .string(expected)
            case .string(let given) where given == expected: break
            case .string(let given):
                if key == "kind" {
                    throw StatusError.badRequest(
                        "\(given) in version \(goQuoted(version)) cannot be handled as a \(kind): converting "
                            + "(\(version).\(given)) to (\(version).\(kind)): unknown conversion")
                }
                if let other = object["kind"].string, other.isEmpty == false, other != kind { continue }
                throw StatusError.badRequest(
                    "the API version in the data (\(given)) does not match the expected API version (\(expected))")
            default:
                throw unrecognized(
                    "couldn't get version/kind; json parse error: json: cannot unmarshal \(object[key].typeName) into Go "
                        + "struct field .\(key) of type string", body: object.serialized())
            }
        }
    }

    private func cannotBeHandled(_ why: String) -> StatusError {
        .badRequest("\(kind) in version \(goQuoted(version)) cannot be handled as a \(kind): \(why)")
    }

    private func unrecognized(_ why: String, body: [UInt8]) -> StatusError {
        let shown: String
        let most = 30
        if body.isEmpty {
            shown = "<empty>"
        } else if body[0] == UInt8(ascii: "{") {
            shown = String(decoding: body.prefix(most), as: UTF8.self)
        } else {
            shown = body.prefix(most).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
        return .badRequest(
            "the object provided is unrecognized (must be of type \(kind)): \(why) "
                + "(\(shown)\(body.count > most ? " ..." : ""))")
    }
}
