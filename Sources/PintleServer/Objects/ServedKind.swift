import PintleClient
import PintleKinds
import PintleObjects
import PintleStore

/// A kind that this server serves: its strategy with its schema.
struct ServedKind: Sendable {
    let strategy: any ResourceStrategy
    let schema: Schema
    /// The resource's name in the store.
    let storageName: String
    /// The fields worth keeping beside each object: those that its name and namespace don't tell.
    let indexedFields: [String]

    var description: ResourceDescription { strategy.resource }
    var group: String { strategy.resource.group }
    var plural: String { strategy.resource.plural }
    var kind: String { strategy.resource.kind }
    var namespaced: Bool { strategy.resource.namespaced }
    var isStored: Bool { strategy.resource.verbs.contains("get") }

    init(_ strategy: any ResourceStrategy, schema: Schema) {
        self.strategy = strategy
        self.schema = schema
        let resource = strategy.resource
        storageName = resource.group.isEmpty ? resource.plural : "\(resource.plural).\(resource.group)"
        indexedFields = strategy.selectableFields.filter { $0 != "metadata.name" && $0 != "metadata.namespace" }
    }

    func key(namespace: String?, name: String) -> ObjectKey {
        ObjectKey(resource: storageName, namespace: namespaced ? namespace ?? "" : "", name: name)
    }

    func notFound(_ name: String) -> StatusError { .notFound(group: group, resource: plural, name: name) }

    func forbidden(_ name: String, _ why: String) -> StatusError {
        .forbidden(group: group, resource: plural, name: name, why)
    }

    func invalid(_ name: String, _ causes: [FieldError]) -> StatusError {
        .invalid(kind: kind, group: group, name: name, causes: causes)
    }

    /// What selectors look at in `object`.
    func attributes(of object: JSON) -> ObjectAttributes {
        var labels: [String: String] = [:]
        for (key, value) in object["metadata"]["labels"].object?.members ?? [] { labels[key] = value.string }
        var fields: [String: String] = [:]
        for field in indexedFields { fields[field] = strategy.selectableValue(object, field: field) }
        return ObjectAttributes(labels: labels, fields: fields)
    }

    /// The subresources that this server answers; the others are left out of discovery.
    static let answeredSubresources: Set<String> = [
        "status", "finalize", "binding", "log", "exec", "attach", "portforward", "eviction", "ephemeralcontainers",
        "resize",
    ]
}

/// All kinds that are served, by group, version and plural.
struct KindTable: Sendable {
    let all: [ServedKind]

    init() throws(StatusError) {
        var all: [ServedKind] = []
        for strategy in Kinds.all {
            let resource = strategy.resource
            all.append(
                ServedKind(
                    strategy,
                    schema: try SchemaSource.schema(
                        group: resource.group, version: resource.version, kind: resource.kind)))
        }
        self.all = all
    }

    func find(group: String, version: String, plural: String) -> ServedKind? {
        all.first { $0.plural == plural && $0.group == group && $0.description.version == version }
    }

    func find(_ resource: Resource) throws(StatusError) -> ServedKind {
        guard let kind = find(group: resource.group, version: resource.version, plural: resource.plural) else {
            throw .noSuchResource
        }
        return kind
    }

    /// Whether any kind of this group and version is served.
    func serves(group: String, version: String) -> Bool {
        all.contains { $0.group == group && $0.description.version == version }
    }
}
