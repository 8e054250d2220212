/// One method of one path.
struct OpenAPIOperation {
    let form: OpenAPIForm
    let resource: OpenAPIResource
    let below: OpenAPIResource.Subresource?
    let method: String
    let verb: String
    /// Whether it reaches over all namespaces.
    let everywhere: Bool

    private static let media: [JSON] = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"]
    private static let patches: [JSON] = [
        "application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json",
        "application/apply-patch+yaml",
    ]

    func json(_ definitions: inout OpenAPIDefinitions) -> JSON {
        let group = below?.group ?? resource.group
        let version = below?.version ?? resource.version
        let kind = below?.kind ?? resource.kind
        var out: JSON = [
            "description": .string(text(kind)),
            "tags": [
                .string("\(resource.group.isEmpty ? "core" : resource.group.prefix { $0 != "." })_\(resource.version)")
            ],
            "operationId": .string(identifier),
        ]
        let answer =
            verb == "list" ? kind + "List" : verb == "delete" || verb == "deletecollection" ? "Status" : kind
        let result = definitions.reference(group: group, version: version, kind: answer)
        let body: JSON? =
            switch verb {
            case "create", "update": definitions.reference(group: group, version: version, kind: kind)
            case "delete", "deletecollection": definitions.reference(group: "", version: "v1", kind: "DeleteOptions")
            case "patch": definitions.reference(group: "", version: "v1", kind: "Patch")
            default: nil
            }
        write(&out, result: result, body: body)
        out["x-kubernetes-action"] = .string(action)
        out["x-kubernetes-group-version-kind"] = [
            "group": .string(group), "kind": .string(kind), "version": .string(version),
        ]
        return out
    }

    private func write(_ out: inout JSON, result: JSON?, body: JSON?) {
        let codes = verb == "create" ? [("200", "OK"), ("201", "Created"), ("202", "Accepted")] : [("200", "OK")]
        let readable = verb == "patch" ? Self.patches : [.string("*/*")]
        var parameters = parameters
        var responses: JSON = [:]
        if form == .v2 {
            out["consumes"] = .array(readable)
            out["produces"] = .array(Self.media)
            out["schemes"] = ["https"]
            if let body {
                parameters.append([
                    "name": "body", "in": "body", "required": .bool(verb != "delete" && verb != "deletecollection"),
                    "schema": body,
                ])
            }
            for (code, text) in codes {
                responses[code] = ["description": .string(text)]
                if let result { responses[code]["schema"] = result }
            }
        } else {
            if let body {
                let content = readable.map { ($0.string ?? "", JSON.object(JSONObject([("schema", body)]))) }
                out["requestBody"] = ["content": .object(JSONObject(content))]
            }
            for (code, text) in codes {
                responses[code] = ["description": .string(text)]
                guard let result else { continue }
                let content = Self.media.map { ($0.string ?? "", JSON.object(JSONObject([("schema", result)]))) }
                responses[code]["content"] = .object(JSONObject(content))
            }
        }
        if parameters.isEmpty == false { out["parameters"] = .array(parameters) }
        out["responses"] = responses
    }

    private var parameters: [JSON] {
        var out = [query("pretty", "string", "Whether the answer is indented.")]
        if verb == "list" || verb == "deletecollection" {
            out.append(query("labelSelector", "string", "Conditions on labels."))
            out.append(query("fieldSelector", "string", "Conditions on fields."))
            out.append(query("limit", "integer", "How many objects at most."))
            out.append(query("continue", "string", "The token for the next part."))
            out.append(query("resourceVersion", "string", "Not older than this."))
            out.append(query("resourceVersionMatch", "string", "How resourceVersion is meant: Exact or NotOlderThan."))
            out.append(query("timeoutSeconds", "integer", "When the call ends."))
        }
        if verb == "list" {
            out.append(query("watch", "boolean", "Go on with what changes."))
            out.append(query("allowWatchBookmarks", "boolean", "Send bookmarks."))
            out.append(query("sendInitialEvents", "boolean", "Begin a watch with what is there."))
        }
        if ["create", "update", "patch", "delete", "deletecollection"].contains(verb) {
            out.append(query("dryRun", "string", "All: do everything but store it."))
        }
        if ["create", "update", "patch"].contains(verb) {
            out.append(query("fieldManager", "string", "Who makes the change."))
            out.append(
                query(
                    "fieldValidation", "string", "Ignore, Warn or Strict: what becomes of unknown and repeated fields.")
            )
        }
        if verb == "patch" { out.append(query("force", "boolean", "Take over fields that others own.")) }
        if verb == "delete" || verb == "deletecollection" {
            out.append(query("gracePeriodSeconds", "integer", "How many seconds the object may take to end."))
            out.append(query("propagationPolicy", "string", "Orphan, Background or Foreground."))
            out.append(query("orphanDependents", "boolean", "Deprecated: use propagationPolicy."))
        }
        return out
    }

    private func query(_ name: String, _ type: String, _ text: String) -> JSON {
        var out: JSON = ["name": .string(name), "in": "query", "description": .string(text)]
        if form == .v2 {
            out["type"] = .string(type)
            out["uniqueItems"] = true
        } else {
            out["schema"] = ["type": .string(type), "uniqueItems": true]
        }
        return out
    }

    private var action: String {
        switch verb {
        case "create": "post"
        case "update": "put"
        default: verb
        }
    }

    private func text(_ kind: String) -> String {
        let what = below.map { "\($0.name) of a \(resource.kind)" } ?? "a \(kind)"
        switch verb {
        case "list": return "Lists or watches objects of kind \(kind)."
        case "create": return "Creates \(what)."
        case "update": return "Replaces \(what)."
        case "patch": return "Changes \(what)."
        case "delete": return "Deletes \(what)."
        case "deletecollection": return "Deletes objects of kind \(kind)."
        default: return "Reads \(what)."
        }
    }

    /// Unique: verb, group, version, scope, kind, subresource.
    private var identifier: String {
        let verbs = [
            "get": "read", "update": "replace", "deletecollection": "delete", "list": "list", "create": "create",
            "patch": "patch", "delete": "delete",
        ]
        var out = verbs[verb] ?? verb
        let group = resource.group.isEmpty ? "core" : String(resource.group.prefix { $0 != "." })
        out += capitalized(group) + capitalized(resource.version)
        if verb == "deletecollection" { out += "Collection" }
        if resource.isNamespaced, everywhere == false { out += "Namespaced" }
        out += resource.kind
        if let below { out += capitalized(below.name) }
        if everywhere { out += "ForAllNamespaces" }
        return out
    }

    private func capitalized(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }
}
