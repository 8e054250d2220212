public import PintleObjects

/// Secrets: bytes that only those who need them should read.
public struct SecretStrategy: ResourceStrategy {
    /// Makes the strategy; it has no state.
    public init() {}

    /// Names and verbs.
    public let resource = ResourceDescription(
        kind: "Secret", plural: "secrets", singular: "secret", storageVersionHash: "S6u1pOWzb84=")

    /// Name, type, number of entries and age.
    public let columns = [
        TableColumn.objectName, TableColumn("Type", "What the secret is for, which rules its keys."),
        TableColumn("Data", "The number of entries."), .age,
    ]

    /// Secrets can be selected by type.
    public let selectableFields = ["metadata.name", "metadata.namespace", "type"]

    /// Encodes `stringData` into `data`, and makes a secret without type `Opaque`.
    public func defaults(_ object: inout JSON) {
        for (key, value) in object["stringData"].entries {
            object["data"][key] = .string(Base64.encode(value.text.utf8))
        }
        object.remove("stringData")
        object.dropIfZero("data")
        object.setDefaultOverZero("type", "Opaque")
    }

    /// The rules about keys, size and what the type needs.
    public func validate(_ object: JSON) -> [FieldError] {
        var errors = MetadataRules.validate(
            object["metadata"], namespaced: true, name: NameRules.dns1123Subdomain)
        checkContent(object, &errors)
        return errors.all
    }

    /// The same, that the type stays, and that an immutable secret stays as it is.
    public func validateUpdate(_ new: JSON, old: JSON, subresource: String?) -> [FieldError] {
        var errors = MetadataRules.validateUpdate(new["metadata"], old: old["metadata"])
        errors.immutable(FieldPath("type"), new: new["type"], old: old["type"])
        DataRules.checkImmutable(new, old: old, &errors)
        errors.append(MetadataRules.validate(new["metadata"], namespaced: true, name: NameRules.dns1123Subdomain))
        checkContent(new, &errors)
        return errors.all
    }

    private func checkContent(_ secret: JSON, _ errors: inout FieldErrors) {
        let data = secret["data"]
        DataRules.checkSecret(data, &errors)
        let path = FieldPath("data")
        switch secret["type"].text {
        case "kubernetes.io/service-account-token":
            let key = "kubernetes.io/service-account.name"
            errors.require(
                FieldPath.metadata.child("annotations").key(key), secret["metadata"]["annotations"][key].text)
        case "kubernetes.io/dockercfg": checkDocument(data, ".dockercfg", &errors)
        case "kubernetes.io/dockerconfigjson": checkDocument(data, ".dockerconfigjson", &errors)
        case "kubernetes.io/basic-auth":
            if data["username"].isNull, data["password"].isNull {
                errors.required(path.key("username"))
                errors.required(path.key("password"))
            }
        case "kubernetes.io/ssh-auth": errors.require(path.key("ssh-privatekey"), data["ssh-privatekey"].text)
        case "kubernetes.io/tls":
            for key in ["tls.crt", "tls.key"] where data[key].isNull { errors.required(path.key(key)) }
        default: break
        }
    }

    /// A registry's credentials must be JSON.
    private func checkDocument(_ data: JSON, _ key: String, _ errors: inout FieldErrors) {
        let path = FieldPath("data").key(key)
        guard let text = data[key].string else { return errors.required(path) }
        do {
            let bytes = try Base64.decode(text)
            if case .object = try JSON(parsing: bytes) { return }
            errors.invalid(path, "<secret contents redacted>", "must be a JSON object")
        } catch {
            errors.invalid(path, "<secret contents redacted>", "\(error)")
        }
    }

    /// The row of `kubectl get secrets`.
    public func cells(_ object: JSON, now: Timestamp) -> [JSON] {
        [
            object.nameCell, .string(object["type"].text), .integer(Int64(object["data"].entries.count)),
            object.ageCell(at: now),
        ]
    }
}
