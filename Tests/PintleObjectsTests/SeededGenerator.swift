import PintleObjects

/// A generator whose seed a failing test prints, so that the run can be repeated (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    let seed: UInt64
    private var state: UInt64

    init(seed: UInt64 = UInt64.random(in: .min ... .max)) {
        self.seed = seed
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func json(depth: Int) -> JSON {
        switch Int.random(in: 0..<(depth > 0 ? 9 : 6), using: &self) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &self))
        case 2: return .integer(Int64.random(in: .min ... .max, using: &self))
        case 3: return .integer(Int64.random(in: -20...20, using: &self))
        case 4:
            return .number(
                ["1.50", "-0", "1e3", "2.5E-7", "18446744073709551616"].randomElement(using: &self) ?? "1.5")
        case 5: return .string(string())
        case 6: return .array((0..<Int.random(in: 0..<5, using: &self)).map { _ in json(depth: depth - 1) })
        default:
            var object = JSONObject()
            for _ in 0..<Int.random(in: 0..<(depth == 3 ? 40 : 5), using: &self) {
                object[string()] = json(depth: depth - 1)
            }
            return .object(object)
        }
    }

    mutating func string() -> String {
        let pieces = [
            "a", "b", "name", " ", "\n", "\"", "\\", "\u{1}", "\u{7f}", "é", "e\u{301}", "日本", "😀", ":", "#", "- ", "{",
            "'",
            "0x1f", "true", "~", "1e3", "\t", "\u{2028}", "\u{85}", "\u{FEFF}",
        ]
        return (0..<Int.random(in: 0..<5, using: &self)).compactMap { _ in pieces.randomElement(using: &self) }.joined()
    }
}
