public import PintleObjects

/// What one kind does differently from every other: the generic REST store calls it, in this order.
///
/// - create: schema decoding → ``defaults(_:)`` → ``admit(_:old:)`` → the store fills `metadata` (namespace, generated
///   name, uid, creationTimestamp) → ``prepareForCreate(_:)`` → ``validate(_:)`` → ``warnings(_:old:)`` → stored.
/// - update, patch, apply: the same, with ``prepareForUpdate(_:old:subresource:)`` and
///   ``validateUpdate(_:old:subresource:)``. The store itself restores the system fields of `metadata` (uid,
///   creationTimestamp, deletionTimestamp, …) that a client left out.
/// - delete: ``gracePeriod(_:requested:)``, ``prepareForDeletion(_:)``, ``isHeldByFinalizers(_:)``.
///
/// Every function is pure and may be called from any thread; `.null` members count as absent.
public protocol ResourceStrategy: Sendable {
    /// Names, verbs and subresources, as discovery lists them.
    var resource: ResourceDescription { get }

    /// The columns of `kubectl get`, in order; ``cells(_:now:)`` yields one cell for each.
    var columns: [TableColumn] { get }

    /// The field selector keys that the kind understands.
    var selectableFields: [String] { get }

    /// Whether PUT may create an object that doesn't exist.
    var allowsCreateOnUpdate: Bool { get }

    /// Whether an update without `metadata.resourceVersion` overwrites whatever is there.
    var allowsUnconditionalUpdate: Bool { get }

    /// Seconds after the last write at which the store may drop an object; nil: never.
    var timeToLive: Int64? { get }

    /// Fills defaults that the schema's static ones can't express: those that depend on another field.
    ///
    /// Idempotent. Called on every object that comes in, before anything looks at it.
    func defaults(_ object: inout JSON)

    /// What the built-in admission plugins that need no look-up would change or refuse.
    ///
    /// `old` is the stored object on update, nil on create. Throws `Forbidden`, with the plugin's text.
    func admit(_ object: inout JSON, old: JSON?) throws(StatusError)

    /// Drops what a client may not set on creation, such as `status`, and fills what the server owns.
    func prepareForCreate(_ object: inout JSON)

    /// Restores what a client may not change through the object itself, or through `subresource`.
    ///
    /// `subresource` is nil for the object, otherwise for example `"status"`.
    func prepareForUpdate(_ new: inout JSON, old: JSON, subresource: String?)

    /// Every rule about a new object, its metadata included.
    ///
    /// Empty when it's valid; in Kubernetes' order.
    func validate(_ object: JSON) -> [FieldError]

    /// Every rule about a change, its metadata included.
    ///
    /// Empty when it's valid; in Kubernetes' order.
    func validateUpdate(_ new: JSON, old: JSON, subresource: String?) -> [FieldError]

    /// Sentences for the `Warning` header: what is accepted but unwise.
    ///
    /// `old` is the stored object on update, nil on create.
    func warnings(_ object: JSON, old: JSON?) -> [String]

    /// How long a deletion waits for somebody to confirm it, in seconds.
    ///
    /// Nil if the kind knows no graceful deletion; 0 to delete at once. `requested` is `gracePeriodSeconds` of the delete
    /// options, nil if not given.
    func gracePeriod(_ object: JSON, requested: Int64?) -> Int64?

    /// Edits an object at the moment when its `deletionTimestamp` is set.
    func prepareForDeletion(_ object: inout JSON)

    /// Whether the object must stay although it's deleted, because somebody has still to clean up.
    func isHeldByFinalizers(_ object: JSON) -> Bool

    /// The value of each of ``selectableFields``; a field that is absent counts as the empty string.
    func selectableValue(_ object: JSON, field: String) -> String

    /// The row of `kubectl get` for an object, as long as ``columns``.
    ///
    /// Ages are counted to `now`.
    func cells(_ object: JSON, now: Timestamp) -> [JSON]
}

extension ResourceStrategy {
    /// `metadata.name`, and `metadata.namespace` for kinds that have one.
    public var selectableFields: [String] {
        resource.namespaced ? ["metadata.name", "metadata.namespace"] : ["metadata.name"]
    }
    /// No.
    public var allowsCreateOnUpdate: Bool { false }
    /// Yes.
    public var allowsUnconditionalUpdate: Bool { true }
    /// Objects don't expire.
    public var timeToLive: Int64? { nil }
    /// No conditional defaults.
    public func defaults(_ object: inout JSON) {}
    /// No admission.
    public func admit(_ object: inout JSON, old: JSON?) throws(StatusError) {}
    /// Nothing is reset.
    public func prepareForCreate(_ object: inout JSON) {}
    /// Nothing is restored.
    public func prepareForUpdate(_ new: inout JSON, old: JSON, subresource: String?) {}
    /// No warnings.
    public func warnings(_ object: JSON, old: JSON?) -> [String] { [] }
    /// Deleted at once.
    public func gracePeriod(_ object: JSON, requested: Int64?) -> Int64? { nil }
    /// Nothing changes.
    public func prepareForDeletion(_ object: inout JSON) {}
    /// Held by `metadata.finalizers`.
    public func isHeldByFinalizers(_ object: JSON) -> Bool {
        object["metadata"]["finalizers"].array?.isEmpty == false
    }
    /// The string, boolean or number at the dotted path `field`.
    public func selectableValue(_ object: JSON, field: String) -> String { object.selectableText(at: field) }

    /// ``prepareForUpdate(_:old:subresource:)`` of the object itself.
    public func prepareForUpdate(_ new: inout JSON, old: JSON) { prepareForUpdate(&new, old: old, subresource: nil) }
    /// ``validateUpdate(_:old:subresource:)`` of the object itself.
    public func validateUpdate(_ new: JSON, old: JSON) -> [FieldError] {
        validateUpdate(new, old: old, subresource: nil)
    }
}
