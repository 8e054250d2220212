public import PintleObjects

/// Service accounts: who a pod is when it talks to the API.
public struct ServiceAccountStrategy: ResourceStrategy {
    /// Makes the strategy; it has no state.
    public init() {}

    /// Names, verbs and subresources.
    public let resource = ResourceDescription(
        kind: "ServiceAccount", plural: "serviceaccounts", singular: "serviceaccount", shortNames: ["sa"],
        subresources: [
            SubresourceDescription(
                "token", kind: "TokenRequest", verbs: ["create"], group: "authentication.k8s.io", version: "v1")
        ],
        storageVersionHash: "pbx9ZvyFpBE=")

    /// Name and age.
    public let columns = [TableColumn.objectName, .age]

    /// An update must say which version it changes.
    public let allowsUnconditionalUpdate = false

    /// Reduces references to secrets to their names.
    public func prepareForCreate(_ object: inout JSON) { object.editEach("secrets", Self.reduce) }

    /// The same.
    public func prepareForUpdate(_ new: inout JSON, old: JSON, subresource: String?) {
        new.editEach("secrets", Self.reduce)
    }

    private static func reduce(_ reference: inout JSON) { reference = ["name": .string(reference["name"].text)] }

    /// The rules about metadata.
    public func validate(_ object: JSON) -> [FieldError] {
        MetadataRules.validate(object["metadata"], namespaced: true, name: NameRules.dns1123Subdomain).all
    }

    /// The same, and what holds for every change of metadata.
    public func validateUpdate(_ new: JSON, old: JSON, subresource: String?) -> [FieldError] {
        MetadataRules.validateUpdate(new["metadata"], old: old["metadata"]).all + validate(new)
    }

    /// The row of `kubectl get serviceaccounts`.
    public func cells(_ object: JSON, now: Timestamp) -> [JSON] { [object.nameCell, object.ageCell(at: now)] }
}
