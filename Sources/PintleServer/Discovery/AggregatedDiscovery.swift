import PintleKinds
import PintleObjects

/// `APIGroupDiscoveryList`: everything in one document.
enum AggregatedDiscovery {
    static func document(_ kinds: [ServedKind], _ groups: [APIGroup], version: String) -> JSON {
        [
            "kind": "APIGroupDiscoveryList", "apiVersion": .string("apidiscovery.k8s.io/\(version)"), "metadata": [:],
            "items": .array(groups.map { group($0, kinds) }),
        ]
    }

    private static func group(_ group: APIGroup, _ kinds: [ServedKind]) -> JSON {
        let versions = group.versions.map { version -> JSON in
            let resources = kinds.filter { $0.group == group.name && $0.description.version == version }
                .sorted { $0.plural < $1.plural }.map(resource)
            return ["version": .string(version), "resources": .array(resources), "freshness": "Current"]
        }
        var metadata: JSON = ["creationTimestamp": nil]
        if !group.name.isEmpty { metadata = ["name": .string(group.name), "creationTimestamp": nil] }
        return ["metadata": metadata, "versions": .array(versions)]
    }

    private static func resource(_ kind: ServedKind) -> JSON {
        let description = kind.description
        var resource: JSON = [
            "resource": .string(description.plural),
            "responseKind": responseKind(description.group, description.version, description.kind),
            "scope": description.namespaced ? "Namespaced" : "Cluster",
            "singularResource": .string(description.singular), "verbs": ResourceListing.strings(description.verbs),
        ]
        if !description.shortNames.isEmpty { resource["shortNames"] = ResourceListing.strings(description.shortNames) }
        if !description.categories.isEmpty { resource["categories"] = ResourceListing.strings(description.categories) }
        let subresources = kind.shownSubresources.map { subresource -> JSON in
            [
                "subresource": .string(subresource.name),
                "responseKind": responseKind(
                    subresource.group ?? description.group, subresource.version ?? description.version,
                    subresource.kind),
                "verbs": ResourceListing.strings(subresource.verbs),
            ]
        }
        if !subresources.isEmpty { resource["subresources"] = .array(subresources) }
        return resource
    }

    private static func responseKind(_ group: String, _ version: String, _ kind: String) -> JSON {
        ["group": .string(group), "version": .string(version), "kind": .string(kind)]
    }
}
