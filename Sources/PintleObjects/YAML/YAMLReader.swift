import Yams

/// Turns the nodes of one YAML document into a value and notes the place of each.
struct YAMLReader {
    let limits: JSONLimits
    var positions: [String: YAMLDocument.Position] = [:]
    private var values = 0
    /// What keeps a handful of aliases from becoming gigabytes.
    private static let maximumValues = 1_000_000

    init(limits: JSONLimits) { self.limits = limits }

    mutating func document(_ node: Node) throws(JSONError) -> JSON {
        note(node, "")
        return try value(node, path: "", depth: 0)
    }

    private mutating func value(_ node: Node, path: String, depth: Int) throws(JSONError) -> JSON {
        values += 1
        guard values <= Self.maximumValues else { throw fault("document contains excessive aliasing", node) }
        guard depth <= limits.depth else { throw fault("exceeded max depth of \(limits.depth)", node) }
        switch node {
        case .scalar(let scalar): return try self.scalar(scalar, node)
        case .sequence(let sequence):
            var elements: [JSON] = []
            elements.reserveCapacity(sequence.count)
            for (index, element) in sequence.enumerated() {
                let place = joinPath(path, "[\(index)]")
                note(element, place)
                elements.append(try value(element, path: place, depth: depth + 1))
            }
            return .array(elements)
        case .mapping(let mapping): return .object(try members(mapping, path: path, depth: depth))
        case .alias: throw fault("found undefined alias", node)
        }
    }

    private mutating func members(_ mapping: Node.Mapping, path: String, depth: Int) throws(JSONError) -> JSONObject {
        var object = JSONObject()
        var merged: [(Node, String)] = []
        for (key, child) in mapping {
            if case .scalar(let scalar) = key, scalar.style == .plain, scalar.string == "<<" {
                merged.append((child, path))
                continue
            }
            let name = try self.key(key)
            let place = joinPath(path, name)
            note(key, place)
            let member = try value(child, path: place, depth: depth + 1)
            guard object.index(of: name) == nil else { throw fault("key \(goQuoted(name)) already set in map", key) }
            object[name] = member
        }
        // What the mapping itself says wins over what is merged in, and earlier merges over later ones.
        for (source, path) in merged { try merge(source, into: &object, path: path, depth: depth) }
        return object
    }

    private mutating func merge(_ source: Node, into object: inout JSONObject, path: String, depth: Int)
        throws(JSONError)
    {
        let sources: [Node]
        switch source {
        case .mapping: sources = [source]
        case .sequence(let list): sources = Array(list)
        default: throw fault("map merge requires map or sequence of maps as the value", source)
        }
        for source in sources {
            guard case .mapping(let mapping) = source else {
                throw fault("map merge requires map or sequence of maps as the value", source)
            }
            let kept = positions
            for (name, value) in try members(mapping, path: path, depth: depth + 1).members
            where object.index(of: name) == nil {
                object[name] = value
            }
            positions.merge(kept) { _, kept in kept }
        }
    }

    private func key(_ node: Node) throws(JSONError) -> String {
        guard case .scalar(let scalar) = node else { throw fault("map keys must be scalars", node) }
        guard scalar.style == .plain else { return scalar.string }
        switch plainYAML(scalar.string) {
        case .string(let text): return text
        case .null: throw fault("map keys must not be null", node)
        case let other: return other.description
        }
    }

    private func scalar(_ scalar: Node.Scalar, _ node: Node) throws(JSONError) -> JSON {
        switch scalar.tag.rawValue {
        case "" where scalar.style == .plain:
            let value = plainYAML(scalar.string)
            if case .number(let text) = value, text.hasSuffix("inf") || text == "nan" {
                throw fault("\(scalar.string) has no form in JSON", node)
            }
            return value
        case "tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:bool", "tag:yaml.org,2002:null":
            let value = plainYAML(scalar.string)
            guard value.string == nil else {
                throw fault("cannot decode \(goQuoted(scalar.string)) as \(scalar.tag.rawValue)", node)
            }
            return value
        default: return .string(scalar.string)
        }
    }

    private mutating func note(_ node: Node, _ path: String) {
        guard let mark = node.mark else { return }
        positions[path] = YAMLDocument.Position(line: mark.line, column: mark.column)
    }

    private func fault(_ message: String, _ node: Node) -> JSONError {
        JSONError(message: "yaml: \(message)", line: node.mark?.line ?? 0, column: node.mark?.column ?? 0)
    }
}
