import PintleObjects

extension JSON {
    /// The age of a time as kubectl shows it; `<unknown>` if it's no time.
    func age(at now: Timestamp) -> String { Timestamp(self)?.age(at: now) ?? "<unknown>" }

    /// The name cell of an object.
    var nameCell: JSON { .string(self["metadata"]["name"].text) }

    /// The age cell of an object.
    func ageCell(at now: Timestamp) -> JSON { .string(self["metadata"]["creationTimestamp"].age(at: now)) }

    /// A cell of text, `<none>` if it's empty.
    static func cell(_ text: String, or placeholder: String = "<none>") -> JSON {
        .string(text.isEmpty ? placeholder : text)
    }
}

extension Timestamp {
    /// The time from then to now as kubectl shows it.
    func age(at now: Timestamp) -> String {
        let (age, overflow) = now.nanoseconds.subtractingReportingOverflow(nanoseconds)
        return overflow ? "<unknown>" : humanDuration(nanoseconds: age)
    }
}
