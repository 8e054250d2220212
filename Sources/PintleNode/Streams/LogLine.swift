internal import PintleObjects

/// A line of a container's log in CRI form: `TIME STREAM TAG TEXT`.
struct LogLine {
    /// Nanoseconds since 1970.
    let time: Int64
    /// Whether the text ends a line (`F`) or goes on (`P`).
    let isFull: Bool
    /// With the time in front and a line end behind, as the file has it.
    let timestamp: ArraySlice<UInt8>
    let text: ArraySlice<UInt8>

    /// Nil for what is no such line.
    init?(_ line: ArraySlice<UInt8>) {
        let space = UInt8(ascii: " ")
        guard let first = line.firstIndex(of: space) else { return nil }
        timestamp = line[line.startIndex..<first]
        guard let parsed = Timestamp(rfc3339: String(decoding: timestamp, as: UTF8.self)) else { return nil }
        time = parsed.nanoseconds
        let afterTime = line[(first + 1)...]
        guard let second = afterTime.firstIndex(of: space) else { return nil }
        let afterStream = line[(second + 1)...]
        guard let third = afterStream.firstIndex(of: space) else { return nil }
        isFull = afterStream[afterStream.startIndex..<third].first == UInt8(ascii: "F")
        text = line[(third + 1)...]
    }

    /// What `kubectl logs` shows.
    func rendered(timestamps: Bool) -> [UInt8] {
        var out: [UInt8] = []
        if timestamps { out += timestamp + [UInt8(ascii: " ")] }
        out += text
        if isFull { out.append(10) }
        return out
    }
}
