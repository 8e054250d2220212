import PintleObjects
import Testing

@Suite("Hostile input")
struct HostileInputTests {
    @Test("damaged JSON is refused or means something that can be written again")
    func damagedJSON() throws {
        var random = SeededGenerator()
        for _ in 0..<2000 {
            var bytes = random.json(depth: 3).serialized()
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0...bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes.insert(UInt8.random(in: .min ... .max, using: &random), at: place)
                case 1: if place < bytes.count { bytes.remove(at: place) }
                default: bytes = Array(bytes[..<place])
                }
            }
            guard let value = try? JSON(parsing: bytes) else { continue }
            #expect(try JSON(parsing: value.serialized()) == value, "seed \(random.seed)")
        }
    }

    @Test("damaged YAML is refused or means something that can be written as JSON")
    func damagedYAML() throws {
        var random = SeededGenerator()
        let marks = [
            "&a ", "*a", "<<: ", "- ", "? ", ": ", "\n", "\t", "|\n", ">-\n", "!!int ", "{", "}", "[", "]", "'", "\"",
            "#",
        ]
        for _ in 0..<500 {
            var text = random.json(depth: 2).yaml()
            for _ in 0..<3 {
                let place = text.index(text.startIndex, offsetBy: Int.random(in: 0...text.count, using: &random))
                text.insert(contentsOf: marks.randomElement(using: &random) ?? "-", at: place)
            }
            guard let documents = try? JSON.documents(yaml: text) else { continue }
            for value in documents {
                #expect(try JSON(parsing: value.serialized()) == value, "seed \(random.seed)\n\(text)")
            }
        }
    }

    @Test("whatever stands in a pod's fields is decoded or refused with 400, and decoding twice changes nothing more")
    func randomPods() throws {
        let schema = try #require(Schema.builtIn(group: "", version: "v1", kind: "Pod"))
        var random = SeededGenerator()
        let names = [
            "spec", "containers", "name", "resources", "limits", "volumes", "metadata", "labels", "image", "x",
        ]
        func object(_ depth: Int) -> JSON {
            if depth == 0 { return random.json(depth: 1) }
            if Bool.random(using: &random) { return .array([object(depth - 1)]) }
            var out: JSON = [:]
            for _ in 0..<3 { out[names.randomElement(using: &random) ?? "x"] = object(depth - 1) }
            return out
        }
        var decoded = 0
        for _ in 0..<1000 {
            do throws(StatusError) {
                let once = try schema.decode(["metadata": object(2), "spec": object(3)], validation: .ignore).object
                decoded += 1
                #expect(try schema.decode(once).object == once, "seed \(random.seed)")
            } catch {
                #expect(error.code == 400, "seed \(random.seed)")
            }
        }
        #expect(decoded > 0, "seed \(random.seed)")
    }

    @Test("adding and removing what was added leaves a value as it was")
    func jsonPatchUndo() throws {
        var random = SeededGenerator()
        for _ in 0..<300 {
            var value: JSON = ["l": .array((0..<4).map { _ in random.json(depth: 1) }), "o": random.json(depth: 2)]
            let before = value
            let path = ["/l/\(Int.random(in: 0...4, using: &random))", "/new~1key"].randomElement(using: &random) ?? ""
            let added = random.json(depth: 2)
            try JSONPatch([["op": "add", "path": .string(path), "value": added]]).apply(to: &value)
            try JSONPatch([
                ["op": "test", "path": .string(path), "value": added], ["op": "remove", "path": .string(path)],
            ]).apply(to: &value)
            #expect(value == before, "seed \(random.seed)")
        }
    }

    @Test("random quantities are the same after printing and reading")
    func randomQuantities() throws {
        var random = SeededGenerator()
        for _ in 0..<2000 {
            let whole = Int128(Int64.random(in: -(1 << 53)...(1 << 53), using: &random))
            let shift = Int.random(in: 0..<50, using: &random)
            let format = [Quantity.Format.binary, .decimal, .exponent].randomElement(using: &random) ?? .decimal
            let quantity = Quantity(nanos: (whole << shift) % (Int128(Int64.max) * 1_000_000_000), format: format)
            #expect(try Quantity(parsing: quantity.text) == quantity, "seed \(random.seed) \(quantity.text)")
        }
    }
}
