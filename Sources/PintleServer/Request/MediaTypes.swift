/// One element of an `Accept` field, or a `Content-Type`.
struct MediaType: Sendable, Equatable {
    /// `application/json`, in lower case.
    let type: String
    let parameters: [String: String]
    let quality: Double

    init(_ text: some StringProtocol) {
        var parts = text.split(separator: ";", omittingEmptySubsequences: false).map(trimmed)
        type = parts.removeFirst().lowercased()
        var parameters: [String: String] = [:]
        for part in parts {
            guard let equals = part.firstIndex(of: "=") else { continue }
            let value = part[part.index(after: equals)...]
            parameters[part[..<equals].lowercased()] = value.trimmingQuotes
        }
        quality = parameters.removeValue(forKey: "q").flatMap(Double.init) ?? 1
        self.parameters = parameters
    }

    /// The elements of an `Accept` field, best first; of equal ones the first.
    static func accepted(_ elements: [String]) -> [MediaType] {
        let types = elements.map { MediaType($0) }.filter { $0.quality > 0 }
        if types.allSatisfy({ $0.quality == 1 }) { return types }
        return types.enumerated().sorted {
            ($0.element.quality, -$0.offset) > ($1.element.quality, -$1.offset)
        }.map(\.element)
    }
}

private func trimmed(_ text: some StringProtocol) -> String {
    var result = Substring(text)
    while let first = result.utf8.first, first == 0x20 || first == 0x09 { result.removeFirst() }
    while let last = result.utf8.last, last == 0x20 || last == 0x09 { result.removeLast() }
    return String(result)
}

extension Substring {
    fileprivate var trimmingQuotes: String {
        count >= 2 && first == "\"" && last == "\"" ? String(dropFirst().dropLast()) : String(self)
    }
}
