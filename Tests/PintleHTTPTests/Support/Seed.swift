/// A random source whose seed is printed, so that a failure can be repeated: set `PINTLE_TEST_SEED`.
struct SeededRandom: RandomNumberGenerator {
    let seed: UInt64
    private var state: UInt64

    init(_ name: String) {
        let given = environment("PINTLE_TEST_SEED").flatMap { UInt64($0) }
        self.seed = given ?? UInt64.random(in: 0 ... .max)
        self.state = self.seed
        print("\(name): PINTLE_TEST_SEED=\(self.seed)")
    }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var z = self.state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
