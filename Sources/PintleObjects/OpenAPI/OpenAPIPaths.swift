/// Collects the paths of resources with their operations.
struct OpenAPIPaths {
    let form: OpenAPIForm
    private(set) var paths = JSONObject()

    init(form: OpenAPIForm) { self.form = form }

    /// Adds the paths of `resource`, and what they refer to to `definitions`.
    mutating func add(_ resource: OpenAPIResource, _ definitions: inout OpenAPIDefinitions) {
        let root = resource.group.isEmpty ? "/api/\(resource.version)" : "/apis/\(resource.group)/\(resource.version)"
        let collection = root + (resource.isNamespaced ? "/namespaces/{namespace}/" : "/") + resource.plural
        if resource.isNamespaced, resource.verbs.contains("list") {
            add("\(root)/\(resource.plural)", resource, nil, [("get", "list")], everywhere: true, &definitions)
        }
        add(
            collection, resource, nil,
            verbs(resource.verbs, [("list", "get"), ("create", "post"), ("deletecollection", "delete")]),
            &definitions)
        let one = [("get", "get"), ("update", "put"), ("patch", "patch"), ("delete", "delete"), ("create", "post")]
        add("\(collection)/{name}", resource, nil, verbs(resource.verbs.filter { $0 != "create" }, one), &definitions)
        for below in resource.subresources {
            add("\(collection)/{name}/\(below.name)", resource, below, verbs(below.verbs, one), &definitions)
        }
    }

    /// The HTTP methods with their verbs, of those that are served.
    private func verbs(_ served: [String], _ table: [(String, String)]) -> [(String, String)] {
        table.filter { served.contains($0.0) }.map { ($0.1, $0.0) }
    }

    private mutating func add(
        _ path: String, _ resource: OpenAPIResource, _ below: OpenAPIResource.Subresource?,
        _ operations: [(method: String, verb: String)], everywhere: Bool = false,
        _ definitions: inout OpenAPIDefinitions
    ) {
        if operations.isEmpty { return }
        var item: JSON = [:]
        for (method, verb) in operations {
            let operation = OpenAPIOperation(
                form: form, resource: resource, below: below, method: method, verb: verb, everywhere: everywhere)
            item[method] = operation.json(&definitions)
        }
        var parameters: [JSON] = []
        if path.contains("{name}") { parameters.append(parameter("name", "The name of the \(resource.kind).")) }
        if path.contains("{namespace}") { parameters.append(parameter("namespace", "The namespace.")) }
        if parameters.isEmpty == false { item["parameters"] = .array(parameters) }
        paths[path] = item
    }

    private func parameter(_ name: String, _ text: String) -> JSON {
        var out: JSON = ["name": .string(name), "in": "path", "description": .string(text), "required": true]
        if form == .v2 { out["type"] = "string" } else { out["schema"] = ["type": "string"] }
        return out
    }
}
