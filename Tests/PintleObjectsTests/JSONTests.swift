import PintleObjects
import Testing

@Suite("JSON values")
struct JSONTests {
    @Test(
        "a text is written as it was read",
        arguments: [
            "null", "true", "[]", "{}", "-1", "0", "9223372036854775807", "-9223372036854775808", "9223372036854775808",
            "-9223372036854775809", "1.50", "1e3", "-0", "-0.0", "123456789012345678901234567890", "[[],{}]",
            #"{"b":1,"a":{"c":[1,"x",null,false]}}"#, #""a\"b\\c\n\u0001é😀""#,
        ])
    func keepsText(_ text: String) throws {
        #expect(try JSON(parsing: text).description == text)
    }

    @Test("random values are the same after writing and reading, plain and pretty")
    func randomRoundTrip() throws {
        var random = SeededGenerator()
        for _ in 0..<500 {
            let value = random.json(depth: 4)
            #expect(try JSON(parsing: value.serialized()) == value, "seed \(random.seed)")
            #expect(try JSON(parsing: value.prettyPrinted()) == value, "seed \(random.seed)")
        }
    }

    @Test(
        "a fault is named with its line and column",
        arguments: [
            ("{\"a\":1,\n  \"b\":x}", "invalid character 'x' looking for beginning of value", 2, 7),
            ("{\"a\" 1}", "invalid character '1' after object key", 1, 6),
            ("[1 2]", "invalid character '2' after array element", 1, 4),
            ("{\"a\":1 \"b\"}", "invalid character '\"' after object key:value pair", 1, 8),
            ("{a:1}", "invalid character 'a' looking for beginning of object key string", 1, 2),
            ("{\"a\":1", "unexpected end of JSON input", 1, 7),
            ("", "unexpected end of JSON input", 1, 1),
            ("nul", "unexpected end of JSON input", 1, 4),
            ("trux", "invalid character 'x' in literal true (expecting 'e')", 1, 4),
            ("\"a\nb\"", "invalid character '\\n' in string literal", 1, 3),
            ("\"\\x\"", "invalid character 'x' in string escape code", 1, 3),
            ("1.", "unexpected end of JSON input", 1, 3),
            ("1.x", "invalid character 'x' after decimal point in numeric literal", 1, 3),
            ("-", "unexpected end of JSON input", 1, 2),
            ("01", "invalid character '1' after top-level value", 1, 2),
            ("{} {}", "invalid character '{' after top-level value", 1, 4),
        ])
    func namesFaults(_ text: String, _ message: String, _ line: Int, _ column: Int) {
        #expect(throws: JSONError(message: message, line: line, column: column)) { try JSON(parsing: text) }
    }

    @Test("bytes that are not UTF-8 are refused in plain and in escaped strings")
    func strictUTF8() {
        for prefix in ["", "\\n"] {
            for bad: [UInt8] in [[0xFF], [0xC3], [0xED, 0xA0, 0x80], [0xC0, 0x80]] {
                let text = Array("\"\(prefix)".utf8) + bad + Array("\"".utf8)
                #expect(throws: JSONError.self) { try JSON(parsing: text) }
            }
        }
    }

    @Test("escapes become characters, halves of a pair become U+FFFD")
    func escapes() throws {
        let text = #""\u0041\u00e9\ud83d\ude00\ud83d\u0041\udE00\/\b\f""#
        #expect(try JSON(parsing: text) == .string("Aé😀\u{FFFD}A\u{FFFD}/\u{8}\u{C}"))
    }

    @Test("nesting and size have limits")
    func limits() throws {
        let deep = String(repeating: "[", count: 512) + String(repeating: "]", count: 512)
        #expect(try JSON(parsing: deep).array?.count == 1)
        #expect(throws: JSONError.self) { try JSON(parsing: "[\(deep)]") }
        #expect(throws: JSONError.self) { try JSON(parsing: "[1]", limits: JSONLimits(bytes: 2, depth: 5)) }
    }

    @Test("repeated members are found with their paths and the last one wins")
    func duplicates() throws {
        let text = #"{"spec":{"containers":[{"name":"a"},{"name":"b","name":"c"}]},"kind":"x","kind":"y"}"#
        let (value, duplicates) = try JSON.parse(Array(text.utf8))
        #expect(duplicates == ["spec.containers[1].name", "kind"])
        #expect(value["spec"]["containers"][1]["name"] == "c")
        #expect(value.description == #"{"spec":{"containers":[{"name":"a"},{"name":"c"}]},"kind":"y"}"#)
    }

    @Test("repeated members are found in large objects, and canonically equivalent names are two names")
    func duplicatesInLargeObjects() throws {
        var text = "{" + (0..<100).map { "\"k\($0)\":\($0)" }.joined(separator: ",")
        text += ",\"k7\":-7,\"e\u{301}\":1,\"\u{e9}\":2}"
        let (value, duplicates) = try JSON.parse(Array(text.utf8))
        #expect(duplicates == ["k7"])
        #expect(value["k7"] == -7)
        #expect(value["e\u{301}"] == 1)
        #expect(value["\u{e9}"] == 2)
        #expect(value.object?.count == 102)
    }

    @Test("the order of members does not count for equality, everything else does")
    func equality() {
        let a: JSON = ["x": 1, "y": [1, 2]]
        let b: JSON = ["y": [1, 2], "x": 1]
        #expect(a == b)
        #expect(a.hashValue == b.hashValue)
        #expect(a != ["x": 1, "y": [2, 1]])
        #expect(a != ["x": 1])
        #expect(JSON.string("e\u{301}") != JSON.string("\u{e9}"))
        #expect(JSON.number("1.0") != 1)
    }

    @Test("subscripts read what is there and make what is written")
    func subscripts() {
        var pod: JSON = nil
        pod["metadata"]["labels"]["app"] = "web"
        pod["spec"]["containers"] = [["name": "a"]]
        #expect(pod.description == #"{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"a"}]}}"#)
        #expect(pod["spec"]["containers"][0]["name"].string == "a")
        #expect(pod["spec"]["containers"][1]["name"].isNull)
        #expect(pod["spec"][3]["x"].isNull)
        pod["status"] = .null
        #expect(pod.object?.keys == ["metadata", "spec", "status"])
        pod.remove("status")
        pod["nowhere"]["deep"].remove("x")
        #expect(pod.object?.keys == ["metadata", "spec"])
        pod["spec"] = 3
        pod["spec"]["a"] = 1
        #expect(pod["spec"] == ["a": 1])
    }

    @Test("a change in place of a nested member leaves copies alone")
    func valueSemantics() {
        var first: JSON = ["a": ["b": 1]]
        let second = first
        first["a"]["b"] = 2
        #expect(second == ["a": ["b": 1]])
        #expect(first == ["a": ["b": 2]])
    }
}
