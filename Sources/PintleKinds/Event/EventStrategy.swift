public import PintleObjects

/// Events: what happened to an object, told to people.
///
/// They expire after an hour.
public struct EventStrategy: ResourceStrategy {
    /// Makes the strategy; it has no state.
    public init() {}

    /// Names and verbs.
    public let resource = ResourceDescription(
        kind: "Event", plural: "events", singular: "event", shortNames: ["ev"], storageVersionHash: "r2yiGXH7wu8=")

    /// The columns of `kubectl get events`.
    public let columns = EventTable.columns

    /// Whatever names the object and the cause.
    public let selectableFields = [
        "metadata.name", "metadata.namespace", "involvedObject.kind", "involvedObject.namespace", "involvedObject.name",
        "involvedObject.uid", "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath",
        "reason", "reportingComponent", "source", "type",
    ]

    /// The field's value; `source` is the component that reported the event.
    public func selectableValue(_ object: JSON, field: String) -> String {
        guard field == "source" else { return object.selectableText(at: field) }
        let source = object["source"]["component"].text
        return source.isEmpty ? object["reportingComponent"].text : source
    }

    /// PUT creates an event that has expired meanwhile.
    public let allowsCreateOnUpdate = true
    /// One hour.
    public let timeToLive: Int64? = 3600

    /// Fills what an event always shows.
    public func defaults(_ object: inout JSON) {
        object.setDefault("source", [:])
        object.setDefault("reportingComponent", "")
        object.setDefault("reportingInstance", "")
        for field in ["firstTimestamp", "lastTimestamp", "eventTime"] { object.setDefault(field, nil) }
    }

    /// The rules about namespaces and, if `eventTime` is given, about the fields that go with it.
    public func validate(_ object: JSON) -> [FieldError] {
        var errors = FieldErrors()
        let name = object["metadata"]["name"].text
        errors.invalid(FieldPath.metadata.child("name"), name, each: NameRules.pathSegment(name))
        EventRules.check(object, &errors)
        return errors.all
    }

    /// The same as for a new event, and what holds for every change of metadata.
    public func validateUpdate(_ new: JSON, old: JSON, subresource: String?) -> [FieldError] {
        MetadataRules.validateUpdate(new["metadata"], old: old["metadata"]).all + validate(new)
    }

    /// The row of `kubectl get events`.
    public func cells(_ object: JSON, now: Timestamp) -> [JSON] { EventTable.cells(object, now: now) }
}

/// The rules about events of the core group.
enum EventRules {
    static func check(_ event: JSON, _ errors: inout FieldErrors) {
        let namespace = event["metadata"]["namespace"].text
        let involved = event["involvedObject"]["namespace"].text
        let matches: Bool
        if event["eventTime"].isNull {
            matches = involved.isEmpty ? ["", "default"].contains(namespace) : involved == namespace
        } else {
            matches = involved.isEmpty == false || ["default", "kube-system"].contains(namespace)
        }
        if matches == false {
            errors.invalid(
                FieldPath("involvedObject").child("namespace"), .string(involved), "does not match event.namespace")
        }
        if event["eventTime"].isSet { checkReport(event, &errors) }
        errors.invalid(FieldPath("namespace"), namespace, each: NameRules.dns1123Subdomain(namespace))
    }

    private static func checkReport(_ event: JSON, _ errors: inout FieldErrors) {
        let component = event["reportingComponent"].text
        errors.require(FieldPath("reportingComponent"), component)
        errors.invalid(FieldPath("reportingComponent"), component, each: NameRules.qualifiedName(component))
        for (field, maximum) in [("reportingInstance", 128), ("action", 128), ("reason", 128)] {
            let text = event[field].text
            errors.require(FieldPath(field), text)
            checkLength(text, maximum, FieldPath(field), &errors)
        }
        checkLength(event["message"].text, 1024, FieldPath("message"), &errors)
    }

    private static func checkLength(_ text: String, _ maximum: Int, _ path: FieldPath, _ errors: inout FieldErrors) {
        if text.utf8.count > maximum { errors.invalid(path, "", "can have at most \(maximum) characters") }
    }
}
