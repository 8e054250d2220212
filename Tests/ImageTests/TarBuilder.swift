/// Writes tar archives, also those that no honest program would write.
struct TarBuilder {
    private(set) var bytes: [UInt8] = []

    /// Adds an entry; `type` is tar's type flag.
    mutating func add(
        _ path: String, type: Character = "0", mode: Int = 0o644, uid: Int = 0, gid: Int = 0,
        mtime: Int = 1_000_000_000,
        link: String = "", data: [UInt8] = [], device: (Int, Int) = (0, 0), pax: [(String, String)] = [],
        claimedSize: Int? = nil
    ) {
        if !pax.isEmpty {
            let records = pax.flatMap { Self.record($0.0, Array($0.1.utf8)) }
            add("PaxHeader", type: "x", data: records)
        }
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: [UInt8], at offset: Int, _ width: Int) {
            for (index, byte) in text.prefix(width).enumerated() { header[offset + index] = byte }
        }
        func octal(_ value: Int, at offset: Int, _ width: Int) {
            let digits = String(value, radix: 8)
            put(
                Array((String(repeating: "0", count: max(0, width - 1 - digits.count)) + digits).utf8), at: offset,
                width)
        }
        put(Array(path.utf8), at: 0, 100)
        octal(mode, at: 100, 8)
        octal(uid, at: 108, 8)
        octal(gid, at: 116, 8)
        octal(claimedSize ?? data.count, at: 124, 12)
        octal(mtime, at: 136, 12)
        put(Array(String(type).utf8), at: 156, 1)
        put(Array(link.utf8), at: 157, 100)
        put(Array("ustar".utf8), at: 257, 6)
        put(Array("00".utf8), at: 263, 2)
        octal(device.0, at: 329, 8)
        octal(device.1, at: 337, 8)
        put([UInt8](repeating: 32, count: 8), at: 148, 8)
        octal(header.reduce(0) { $0 + Int($1) }, at: 148, 7)
        bytes += header + data
        bytes += [UInt8](repeating: 0, count: (512 - data.count % 512) % 512)
    }

    mutating func directory(_ path: String, mode: Int = 0o755) { add(path + "/", type: "5", mode: mode) }

    mutating func file(_ path: String, _ text: String) { add(path, data: Array(text.utf8)) }

    mutating func link(_ path: String, to target: String) { add(path, type: "2", mode: 0o777, link: target) }

    mutating func hardLink(_ path: String, to target: String) { add(path, type: "1", link: target) }

    /// The archive with its end mark.
    var finished: [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }

    /// A pax record: its own length, key and value.
    private static func record(_ key: String, _ value: [UInt8]) -> [UInt8] {
        let rest = Array(" \(key)=".utf8) + value + [10]
        var length = rest.count + 1
        while String(length).utf8.count + rest.count != length { length = String(length).utf8.count + rest.count }
        return Array(String(length).utf8) + rest
    }

    static func make(_ body: (inout TarBuilder) -> Void) -> [UInt8] {
        var builder = TarBuilder()
        body(&builder)
        return builder.finished
    }
}
