import PintleObjects

/// `kubectl get events`.
enum EventTable {
    static let columns = [
        TableColumn("Last Seen", "Time since it happened last."),
        TableColumn("Type", "Normal or Warning."),
        TableColumn("Reason", "Why, in one word."),
        TableColumn("Object", "Whom it happened to."),
        TableColumn("Subobject", "Which part of the object.", wide: true),
        TableColumn("Source", "Who reported it.", wide: true),
        TableColumn("Message", "What happened, in a sentence."),
        TableColumn("First Seen", "Time since it happened first.", wide: true),
        TableColumn("Count", "How often it happened.", wide: true),
        TableColumn("Name", "The event's own name.", wide: true, format: "name"),
    ]

    static func cells(_ event: JSON, now: Timestamp) -> [JSON] {
        let first = (event["firstTimestamp"].isSet ? event["firstTimestamp"] : event["eventTime"]).age(at: now)
        var last = event["lastTimestamp"].isSet ? event["lastTimestamp"].age(at: now) : first
        var count = max(event["count"].int ?? 0, 1)
        if event["series"].isSet {
            last = event["series"]["lastObservedTime"].age(at: now)
            count = event["series"]["count"].int ?? 0
        }
        let involved = event["involvedObject"]
        let kind = involved["kind"].text.lowercased()
        let name = involved["name"].text
        return [
            .string(last), .string(event["type"].text), .string(event["reason"].text),
            .string(name.isEmpty ? kind : "\(kind)/\(name)"), .string(involved["fieldPath"].text),
            .string(source(of: event)), .string(trimmed(event["message"].text)), .string(first), .integer(count),
            event.nameCell,
        ]
    }

    private static func source(of event: JSON) -> String {
        func firstOf(_ left: JSON, _ right: JSON) -> String { left.text.isEmpty ? right.text : left.text }
        let component = firstOf(event["source"]["component"], event["reportingComponent"])
        let host = firstOf(event["source"]["host"], event["reportingInstance"])
        return host.isEmpty ? component : "\(component), \(host)"
    }

    private static func trimmed(_ text: String) -> String {
        var text = text[...]
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
