public import PintleObjects

/// ConfigMaps: texts and bytes that pods read as files or variables.
public struct ConfigMapStrategy: ResourceStrategy {
    /// Makes the strategy; it has no state.
    public init() {}

    /// Names and verbs.
    public let resource = ResourceDescription(
        kind: "ConfigMap", plural: "configmaps", singular: "configmap", shortNames: ["cm"],
        storageVersionHash: "qFsyl6wFWjQ=")

    /// Name, number of entries and age.
    public let columns = [
        TableColumn.objectName, TableColumn("Data", "The number of entries, textual and binary."), .age,
    ]

    /// Drops empty maps.
    public func defaults(_ object: inout JSON) {
        for field in ["data", "binaryData"] { object.dropIfZero(field) }
    }

    /// The rules about keys and size.
    public func validate(_ object: JSON) -> [FieldError] {
        var errors = MetadataRules.validate(
            object["metadata"], namespaced: true, name: NameRules.dns1123Subdomain)
        DataRules.check(object, &errors)
        return errors.all
    }

    /// The same, and that an immutable map stays as it is.
    public func validateUpdate(_ new: JSON, old: JSON, subresource: String?) -> [FieldError] {
        var errors = MetadataRules.validateUpdate(new["metadata"], old: old["metadata"])
        DataRules.checkImmutable(new, old: old, &errors)
        errors.append(MetadataRules.validate(new["metadata"], namespaced: true, name: NameRules.dns1123Subdomain))
        DataRules.check(new, &errors)
        return errors.all
    }

    /// The row of `kubectl get configmaps`.
    public func cells(_ object: JSON, now: Timestamp) -> [JSON] {
        let count = object["data"].entries.count + object["binaryData"].entries.count
        return [object.nameCell, .integer(Int64(count)), object.ageCell(at: now)]
    }
}
