import PintleKinds
import PintleObjects

/// `APIResourceList`: the resources of one group and version.
enum ResourceListing {
    static func list(_ kinds: [ServedKind], group: String, version: String) -> JSON {
        var resources: [(String, JSON)] = []
        for kind in kinds where kind.group == group && kind.description.version == version {
            resources.append((kind.plural, resource(kind.description)))
            for subresource in kind.shownSubresources {
                let name = "\(kind.plural)/\(subresource.name)"
                resources.append((name, self.subresource(subresource, name: name, of: kind.description)))
            }
        }
        return [
            "kind": "APIResourceList", "apiVersion": "v1",
            "groupVersion": .string(group.isEmpty ? version : "\(group)/\(version)"),
            "resources": .array(resources.sorted { $0.0 < $1.0 }.map(\.1)),
        ]
    }

    private static func resource(_ description: ResourceDescription) -> JSON {
        var resource: JSON = [
            "name": .string(description.plural), "singularName": .string(description.singular),
            "namespaced": .bool(description.namespaced), "kind": .string(description.kind),
            "verbs": strings(description.verbs),
        ]
        if !description.shortNames.isEmpty { resource["shortNames"] = strings(description.shortNames) }
        if !description.categories.isEmpty { resource["categories"] = strings(description.categories) }
        if !description.storageVersionHash.isEmpty {
            resource["storageVersionHash"] = .string(description.storageVersionHash)
        }
        return resource
    }

    private static func subresource(
        _ subresource: SubresourceDescription, name: String, of owner: ResourceDescription
    ) -> JSON {
        var resource: JSON = ["name": .string(name), "singularName": "", "namespaced": .bool(owner.namespaced)]
        if let group = subresource.group { resource["group"] = .string(group) }
        if let version = subresource.version { resource["version"] = .string(version) }
        resource["kind"] = .string(subresource.kind)
        resource["verbs"] = strings(subresource.verbs)
        return resource
    }

    static func strings(_ texts: [String]) -> JSON { .array(texts.map { .string($0) }) }
}

extension ServedKind {
    /// The subresources that are answered, as discovery tells them.
    var shownSubresources: [SubresourceDescription] {
        description.subresources.filter {
            // Of all that could be reached by a proxy, nodes can.
            Self.answeredSubresources.contains($0.name) || ($0.name == "proxy" && storageName == "nodes")
        }
    }
}
