public import CPintleABI

/// Reads views of the ABI into Swift values, checking every one.
public enum ABIReader {
    /// The longest text or blob that crosses, bytes.
    public static let longestView: UInt64 = 16 << 20
    /// The most elements an array may have.
    public static let mostElements: UInt64 = 1 << 20

    /// A text.
    ///
    /// It must be UTF-8.
    public static func text(_ view: pintle_bytes, _ field: String) throws(ABIError) -> String {
        guard let buffer = try check(view, field) else { return "" }
        // Four times as fast as String(validating:as:).
        guard let characters = try? UTF8Span(validating: buffer.span) else {
            throw ABIError(.malformed, "\(field): not UTF-8")
        }
        return String(copying: characters)
    }

    /// A blob.
    public static func bytes(_ view: pintle_bytes, _ field: String) throws(ABIError) -> [UInt8] {
        guard let buffer = try check(view, field) else { return [] }
        return [UInt8](buffer)
    }

    /// A map of text to text; the last of equal keys counts.
    public static func map(_ view: pintle_array, _ field: String) throws(ABIError) -> [String: String] {
        var map: [String: String] = [:]
        try each(view, field, least: 40) { (element) throws(ABIError) in
            let pair = element.loadUnaligned(as: pintle_pair.self)
            map[try text(pair.key, field)] = try text(pair.value, field)
        }
        return map
    }

    /// A list of texts.
    public static func texts(_ view: pintle_array, _ field: String) throws(ABIError) -> [String] {
        var list: [String] = []
        try each(view, field, least: 16) { (element) throws(ABIError) in
            list.append(try text(element.loadUnaligned(as: pintle_bytes.self), field))
        }
        return list
    }

    /// A list of numbers.
    public static func i64s(_ view: pintle_array, _ field: String) throws(ABIError) -> [Int64] {
        var list: [Int64] = []
        try each(view, field, least: 8) { (element) throws(ABIError) in
            list.append(element.loadUnaligned(as: Int64.self))
        }
        return list
    }

    /// A list of structs, each with its own size.
    public static func structs<S: ABIStruct>(_ view: pintle_array, _ field: String) throws(ABIError) -> [S] {
        var list: [S] = []
        try each(view, field, least: UInt64(S.minimumSize)) { (element) throws(ABIError) in
            list.append(try S(borrowing: S.copy(element, strict: false)))
        }
        return list
    }

    /// A struct that may be absent.
    public static func pointer<S: ABIStruct>(_ pointer: UnsafePointer<S.C>?, _ field: String) throws(ABIError) -> S? {
        guard let pointer else { return nil }
        return try S(borrowing: S.copy(UnsafeRawPointer(pointer), strict: false))
    }

    private static func check(_ view: pintle_bytes, _ field: String) throws(ABIError) -> UnsafeBufferPointer<UInt8>? {
        guard view.count > 0 else { return nil }
        guard view.count <= longestView, let data = view.data else {
            throw ABIError(
                .malformed, "\(field): \(view.data == nil ? "null with a count" : "longer than \(longestView) bytes")")
        }
        return UnsafeBufferPointer(start: data, count: Int(view.count))
    }

    private static func each(
        _ view: pintle_array, _ field: String, least: UInt64, _ body: (UnsafeRawPointer) throws(ABIError) -> Void
    ) throws(ABIError) {
        guard view.count > 0 else { return }
        guard view.count <= mostElements, view.stride >= least, view.stride <= 1 << 16, let data = view.data else {
            throw ABIError(.malformed, "\(field): array of \(view.count) elements with stride \(view.stride)")
        }
        for index in 0..<Int(view.count) { try body(data + index * Int(view.stride)) }
    }
}
