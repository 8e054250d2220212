internal import CPintleABI

/// Lends Swift strings to C for the duration of a closure.
enum Views {
    static func with<R>(_ text: String, _ body: (pintle_bytes) throws -> R) rethrows -> R {
        var text = text
        return try text.withUTF8 { try body(pintle_bytes(data: $0.baseAddress, count: UInt64($0.count))) }
    }

    static func with<R>(_ a: String, _ b: String, _ body: (pintle_bytes, pintle_bytes) throws -> R) rethrows -> R {
        try with(a) { a in try with(b) { b in try body(a, b) } }
    }

    /// A view of memory that is never freed, for descriptors.
    static func permanent(_ text: String) -> pintle_bytes {
        let bytes = Array(text.utf8)
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: max(1, bytes.count))
        memory.initialize(from: bytes, count: bytes.count)
        return pintle_bytes(data: UnsafePointer(memory), count: UInt64(bytes.count))
    }
}
