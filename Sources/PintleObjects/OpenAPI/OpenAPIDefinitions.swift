/// Collects the definitions of types and of everything they refer to.
struct OpenAPIDefinitions {
    let form: OpenAPIForm
    private var definitions = JSONObject()
    private var known: Set<String> = []
    private var waiting: [(file: SpecFile, name: String)] = []

    init(form: OpenAPIForm) { self.form = form }

    /// A reference to a kind's definition, which is added; `nil` when there is no built-in schema.
    mutating func reference(group: String, version: String, kind: String) -> JSON? {
        let library = SpecLibrary.shared
        for file in [library.file(group: group, version: version), library.file(named: "meta.v1")] {
            if let file, file.contains(kind) { return reference(file, kind) }
        }
        return nil
    }

    /// The definitions by name in alphabetical order.
    mutating func finished() -> JSON {
        while let (file, name) = waiting.popLast() {
            guard let spec = file.spec(named: name) else { continue }
            add("\(file.openAPIPrefix).\(name)", definition(spec, file))
        }
        return .object(JSONObject(distinct: definitions.members.sorted { $0.key < $1.key }))
    }

    private mutating func add(_ name: String, _ definition: JSON) { definitions.members.append((name, definition)) }

    private mutating func reference(_ file: SpecFile, _ name: String) -> JSON {
        let full = "\(file.openAPIPrefix).\(name)"
        if known.insert(full).inserted { waiting.append((file, name)) }
        return ["$ref": .string(form.definitions + full)]
    }

    /// A reference to one of the scalars that have a definition of their own.
    private mutating func scalar(_ name: String, _ definition: JSON) -> JSON {
        if known.insert(name).inserted { add(name, definition) }
        return ["$ref": .string(form.definitions + name)]
    }

    private mutating func definition(_ spec: JSON, _ file: SpecFile) -> JSON {
        var out: JSON = [:]
        if let text = spec["description"].string { out["description"] = .string(text) }
        if spec["scalar"].string == "any" { return out }
        out["type"] = "object"
        var required: [JSON] = []
        var properties = JSONObject()
        for (name, field) in spec["fields"].object?.members ?? [] {
            if field["required"].bool == true { required.append(.string(name)) }
            properties.members.append((name, property(field, file)))
        }
        if required.isEmpty == false { out["required"] = .array(required) }
        if properties.isEmpty == false { out["properties"] = .object(properties) }
        if let mapType = spec["mapType"].string { out["x-kubernetes-map-type"] = .string(mapType) }
        if let unions = spec["unions"].array { out["x-kubernetes-unions"] = .array(unions) }
        if let kind = spec["kind"].string {
            // The kinds of meta/v1 belong to every group; they are named once, under the core group.
            let group = file.name == "meta.v1" ? "" : file.group
            out["x-kubernetes-group-version-kind"] = [
                ["group": .string(group), "kind": .string(kind), "version": .string(file.version)]
            ]
        }
        return out
    }

    private mutating func property(_ field: JSON, _ file: SpecFile) -> JSON {
        var out = schema((field["type"].string ?? "JSON")[...], file)
        var extra: JSON = [:]
        if let text = field["description"].string { extra["description"] = .string(text) }
        if let preset = field.object?["default"], preset.isNull == false { extra["default"] = preset }
        if let values = field["enum"].array { extra["enum"] = .array(values) }
        for (member, name) in [
            ("listType", "x-kubernetes-list-type"), ("listKeys", "x-kubernetes-list-map-keys"),
            ("mapType", "x-kubernetes-map-type"), ("patch", "x-kubernetes-patch-strategy"),
            ("mergeKey", "x-kubernetes-patch-merge-key"),
        ] where field[member].isNull == false {
            extra[name] = field[member]
        }
        // In v3 nothing may stand beside a reference.
        if form == .v3, out["$ref"].isNull == false, extra.object?.isEmpty == false { out = ["allOf": [out]] }
        for (name, value) in extra.object?.members ?? [] { out[name] = value }
        return out
    }

    private mutating func schema(_ notation: Substring, _ file: SpecFile) -> JSON {
        if let inner = notation.inside("[", "]") { return ["type": "array", "items": schema(inner, file)] }
        if let inner = notation.inside("{", "}") {
            return ["type": "object", "additionalProperties": schema(inner, file)]
        }
        let machinery = "io.k8s.apimachinery.pkg"
        switch notation {
        case "string": return ["type": "string"]
        case "bool": return ["type": "boolean"]
        case "int32": return ["type": "integer", "format": "int32"]
        case "int64": return ["type": "integer", "format": "int64"]
        case "double": return ["type": "number", "format": "double"]
        case "bytes": return ["type": "string", "format": "byte"]
        case "Time", "MicroTime":
            return scalar(
                "\(machinery).apis.meta.v1.\(notation)",
                ["description": "An instant, by RFC 3339.", "type": "string", "format": "date-time"])
        case "Quantity":
            let text = "An amount with a suffix: 500m, 1.5Gi, 2, 1e3."
            return scalar(
                "\(machinery).api.resource.Quantity",
                form == .v2
                    ? ["description": .string(text), "type": "string"]
                    : ["description": .string(text), "oneOf": [["type": "string"], ["type": "number"]]])
        case "IntOrString":
            let text = "A whole number or a string."
            return scalar(
                "\(machinery).util.intstr.IntOrString",
                form == .v2
                    ? ["description": .string(text), "type": "string", "format": "int-or-string"]
                    : [
                        "description": .string(text), "oneOf": [["type": "integer"], ["type": "string"]],
                        "format": "int-or-string",
                    ])
        case "RawExtension":
            return scalar(
                "\(machinery).runtime.RawExtension", ["description": "An object of any kind.", "type": "object"])
        case "FieldsV1":
            return scalar("\(machinery).apis.meta.v1.FieldsV1", ["description": "A set of fields.", "type": "object"])
        case "JSON": return [:]
        default:
            guard let slash = notation.firstIndex(of: "/") else { return reference(file, String(notation)) }
            guard let other = SpecLibrary.shared.file(named: String(notation[..<slash])) else { return [:] }
            return reference(other, String(notation[notation.index(after: slash)...]))
        }
    }
}
