public import PintleObjects

/// Leases: who holds a role at the moment, and that a node is alive.
public struct LeaseStrategy: ResourceStrategy {
    /// Makes the strategy; it has no state.
    public init() {}

    /// Names and verbs.
    public let resource = ResourceDescription(
        group: "coordination.k8s.io", kind: "Lease", plural: "leases", singular: "lease",
        storageVersionHash: "gqkMMb/YqFM=")

    /// Name, holder and age.
    public let columns = [TableColumn.objectName, TableColumn("Holder", "Who has the lease."), .age]

    /// PUT may create a lease.
    public let allowsCreateOnUpdate = true
    /// An update must say which version it changes, otherwise two could hold the lease.
    public let allowsUnconditionalUpdate = false

    /// A lease always shows its spec.
    public func defaults(_ object: inout JSON) { object.setDefault("spec", [:]) }

    /// The rules about the term and its holder.
    public func validate(_ object: JSON) -> [FieldError] {
        var errors = MetadataRules.validate(
            object["metadata"], namespaced: true, name: NameRules.dns1123Subdomain)
        checkSpec(object["spec"], &errors)
        return errors.all
    }

    /// The same, and what holds for every change of metadata.
    public func validateUpdate(_ new: JSON, old: JSON, subresource: String?) -> [FieldError] {
        var errors = MetadataRules.validateUpdate(new["metadata"], old: old["metadata"])
        checkSpec(new["spec"], &errors)
        return errors.all
    }

    private func checkSpec(_ spec: JSON, _ errors: inout FieldErrors) {
        let seconds = spec["leaseDurationSeconds"]
        if let number = seconds.int, number <= 0 {
            errors.invalid(.spec.child("leaseDurationSeconds"), seconds, "must be greater than 0")
        }
        errors.notNegative(.spec.child("leaseTransitions"), spec["leaseTransitions"])
        if let strategy = spec["strategy"].string {
            errors.invalid(.spec.child("strategy"), strategy, each: NameRules.qualifiedName(strategy))
        }
        if let preferred = spec["preferredHolder"].string, preferred.isEmpty == false, spec["strategy"].text.isEmpty {
            errors.forbidden(.spec.child("preferredHolder"), "may only be specified when `strategy` is defined")
        }
    }

    /// The row of `kubectl get leases`.
    public func cells(_ object: JSON, now: Timestamp) -> [JSON] {
        [object.nameCell, .string(object["spec"]["holderIdentity"].text), object.ageCell(at: now)]
    }
}
