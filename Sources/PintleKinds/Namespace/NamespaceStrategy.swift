public import PintleObjects

/// Namespaces: the scope of most other objects.
public struct NamespaceStrategy: ResourceStrategy {
    /// Makes the strategy; it has no state.
    public init() {}

    /// The finalizer that holds a namespace until it's empty.
    public static let finalizer = "kubernetes"
    /// The label that every namespace has, with its name as value.
    public static let nameLabel = "kubernetes.io/metadata.name"

    /// Names, verbs and subresources.
    public let resource = ResourceDescription(
        kind: "Namespace", plural: "namespaces", singular: "namespace", shortNames: ["ns"], namespaced: false,
        verbs: ["create", "delete", "get", "list", "patch", "update", "watch"],
        subresources: [
            SubresourceDescription("finalize", kind: "Namespace", verbs: ["update"]),
            SubresourceDescription("status", kind: "Namespace", verbs: ["get", "patch", "update"]),
        ],
        storageVersionHash: "Q3oi5N2YM8M=")

    /// Name, phase and age.
    public let columns = [
        TableColumn.objectName, TableColumn("Status", "Active, or Terminating while it's being emptied."), .age,
    ]

    /// Namespaces can be selected by phase.
    public let selectableFields = ["metadata.name", "status.phase"]

    /// Sets the label with the name, as soon as there is one.
    public func defaults(_ object: inout JSON) {
        let name = object["metadata"]["name"].text
        if name.isEmpty == false { object["metadata"]["labels"][Self.nameLabel] = .string(name) }
        if object["spec"].isNull { object["spec"] = [:] }
        object["status"].setDefaultOverZero("phase", "Active")
    }

    /// Makes the namespace active and holds it by the finalizer.
    public func prepareForCreate(_ object: inout JSON) {
        defaults(&object)
        object["status"] = ["phase": "Active"]
        var finalizers = object["spec"]["finalizers"].items
        if finalizers.contains(.string(Self.finalizer)) == false { finalizers.append(.string(Self.finalizer)) }
        object["spec"]["finalizers"] = .array(finalizers)
    }

    /// Keeps the status, the spec or both, depending on the subresource.
    public func prepareForUpdate(_ new: inout JSON, old: JSON, subresource: String?) {
        switch subresource {
        case "finalize": new.restore("status", from: old)
        case "status": new.restore("spec", from: old)
        default:
            new["spec"].restore("finalizers", from: old["spec"])
            new.restore("status", from: old)
        }
    }

    /// The rules about a new namespace.
    public func validate(_ object: JSON) -> [FieldError] {
        var errors = MetadataRules.validate(
            object["metadata"], namespaced: false, name: NameRules.dns1123Label)
        checkFinalizers(object, &errors)
        return errors.all
    }

    /// The rules about a change of a namespace, its status or its finalizers.
    public func validateUpdate(_ new: JSON, old: JSON, subresource: String?) -> [FieldError] {
        var errors = MetadataRules.validateUpdate(new["metadata"], old: old["metadata"])
        if subresource == "status" {
            let path = FieldPath.status.child("Phase")
            let phase = new["status"]["phase"]
            if new["metadata"]["deletionTimestamp"].isNull, phase.text != "Active" {
                errors.invalid(path, phase, "may only be 'Active' if `deletionTimestamp` is empty")
            } else if new["metadata"]["deletionTimestamp"].isSet, phase.text != "Terminating" {
                errors.invalid(path, phase, "may only be 'Terminating' if `deletionTimestamp` is not empty")
            }
        } else {
            checkFinalizers(new, &errors)
        }
        return errors.all
    }

    private func checkFinalizers(_ namespace: JSON, _ errors: inout FieldErrors) {
        let path = FieldPath.spec.child("finalizers")
        for finalizer in namespace["spec"]["finalizers"].items {
            MetadataRules.checkFinalizer(finalizer.text, path, indexed: path, &errors)
        }
    }

    /// A deleted namespace is `Terminating`.
    public func prepareForDeletion(_ object: inout JSON) { object["status"]["phase"] = "Terminating" }

    /// Held by `metadata.finalizers` and by `spec.finalizers`.
    public func isHeldByFinalizers(_ object: JSON) -> Bool {
        object["spec"]["finalizers"].isAbsentOrEmpty == false
            || object["metadata"]["finalizers"].isAbsentOrEmpty == false
    }

    /// The row of `kubectl get namespaces`.
    public func cells(_ object: JSON, now: Timestamp) -> [JSON] {
        [object.nameCell, .string(object["status"]["phase"].text), object.ageCell(at: now)]
    }
}
