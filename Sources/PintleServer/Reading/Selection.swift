import PintleKinds
import PintleObjects
import PintleStore

/// Which objects of a kind a request is about.
struct Selection: Sendable {
    let kind: ServedKind
    /// `nil` for all namespaces.
    let namespace: String?
    /// Set when only one object can match.
    let name: String?
    let labels: LabelSelector
    let fields: FieldSelector

    /// - Throws: 400 for a selector that cannot be parsed or a field that the kind does not index.
    init(
        _ kind: ServedKind, namespace: String?, name: String? = nil, labelSelector: String?, fieldSelector: String?
    ) throws(StatusError) {
        self.kind = kind
        labels = try LabelSelector(parsing: labelSelector ?? "")
        fields = try FieldSelector(parsing: fieldSelector ?? "")
        for term in fields.terms where !kind.strategy.selectableFields.contains(term.field) {
            throw .badRequest(
                "Unable to find \(goQuoted(Self.named(kind))) that match label selector \(goQuoted(labelSelector ?? "")), "
                    + "field selector \(goQuoted(fieldSelector ?? "")): field label not supported: \(term.field)")
        }
        let wanted = namespace.flatMap { $0.isEmpty ? nil : $0 }
        self.namespace = kind.namespaced ? wanted ?? fields.requiredValue(of: "metadata.namespace") : nil
        self.name = name ?? fields.requiredValue(of: "metadata.name")
    }

    private static func named(_ kind: ServedKind) -> String {
        let description = kind.description
        return kind.group.isEmpty
            ? "\(description.version), Resource=\(description.plural)"
            : "\(kind.group)/\(description.version), Resource=\(description.plural)"
    }

    /// Whether everything in the namespace matches, so that nothing need be looked at.
    var isEverything: Bool { name == nil && labels.isEverything && fields.isEverything }

    /// Whether no selector was given; then a list can say how many items remain.
    var hasNoSelector: Bool { labels.isEverything && fields.isEverything }

    func matches(_ object: CachedObject) -> Bool {
        if let namespace, object.key.namespace != namespace { return false }
        if let name, object.key.name != name { return false }
        if labels.isEverything, fields.isEverything { return true }
        let attributes =
            labels.isEverything && fields.terms.allSatisfy { Self.isInKey($0.field) }
            ? nil : object.attributes { kind.attributes(of: $0.json) }
        guard labels.requirements.allSatisfy({ $0.matches(attributes?.labels[$0.key]) }) else { return false }
        return fields.matches { field in
            switch field {
            case "metadata.name": object.key.name
            case "metadata.namespace": object.key.namespace
            default: attributes?.fields[field] ?? ""
            }
        }
    }

    private static func isInKey(_ field: String) -> Bool {
        field == "metadata.name" || field == "metadata.namespace"
    }
}
