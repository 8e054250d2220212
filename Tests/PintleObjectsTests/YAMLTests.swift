import PintleObjects
import Testing

@Suite("YAML")
struct YAMLTests {
    @Test(
        "plain scalars mean what they mean to Kubernetes",
        arguments: [
            ("yes", true), ("Off", false), ("true", true), ("~", nil), ("null", nil), ("", nil), ("12", 12), ("-3", -3),
            ("0x1f", 31), ("0o17", 15), ("017", 15), ("0b11", 3), ("1_000", 1000), ("1.0", 1), ("1e3", 1000),
            ("1.5", .number("1.5")), (".5", .number("0.5")), ("2001-01-01", "2001-01-01"), ("1.2.3", "1.2.3"),
            ("'yes'", "yes"), ("\"12\"", "12"), ("!!str 12", "12"), ("a b", "a b"), ("500m", "500m"), ("-", [nil]),
            ("18446744073709551615", .number("18446744073709551615")), ("1e", "1e"), ("+5", 5), ("-0", 0),
        ] as [(String, JSON)])
    func scalars(_ text: String, _ value: JSON) throws {
        #expect(try JSON(yaml: text) == value)
    }

    @Test("a manifest becomes a value in the order it was written")
    func manifest() throws {
        let text = """
            # a pod
            kind: Pod
            apiVersion: v1
            metadata: {name: p, labels: {1: a, true: b}}
            spec:
              containers:
              - name: c
                command: [sh, "-c", 'echo']
              - name: d
                args:
                - >-
                  folded
                  text
                - |
                  kept
                   as it is
            """
        #expect(
            try JSON(yaml: text).description
                == #"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p","labels":{"1":"a","true":"b"}},"#
                + #""spec":{"containers":[{"name":"c","command":["sh","-c","echo"]},"#
                + #"{"name":"d","args":["folded text","kept\n as it is"]}]}}"#)
    }

    @Test("anchors, aliases and merge keys are resolved, what is written beside a merge wins")
    func anchors() throws {
        let text = """
            base: &b {x: 1, z: 2}
            one: *b
            two:
              <<: *b
              z: 3
            three:
              <<: [{x: 9}, *b]
            """
        let value = try JSON(yaml: text)
        #expect(value["one"] == ["x": 1, "z": 2])
        #expect(value["two"] == ["x": 1, "z": 3])
        #expect(value["three"] == ["x": 9, "z": 2])
    }

    @Test("several documents are read, empty ones left out")
    func documents() throws {
        #expect(try JSON.documents(yaml: "a: 1\n---\n---\nb: 2\n---\n# nothing\n") == [["a": 1], ["b": 2]])
        #expect(throws: JSONError.self) { try JSON(yaml: "a: 1\n---\nb: 2") }
    }

    @Test(
        "a fault is named with its line",
        arguments: [
            ("a: 1\nb: [1, 2\nc: 3", 3), ("a:\n\t- x", 2), ("a: 1\nb: *nope", 2), ("a: 1\n  b: 2", 2),
            ("x: {<<: 3}", 1), ("a: .inf", 1), ("? [1]\n: 2", 1), ("a: 1\na: 2", 2),
            ("b:\n- c: 1\n  \"d\": 2\n  d: 1", 4), ("{a: 1, a: 2}", 1),
        ])
    func faults(_ text: String, _ line: Int) {
        let error = #expect(throws: JSONError.self) { try JSON(yaml: text) }
        #expect(error?.line == line, "\(String(describing: error))")
    }

    @Test("a handful of aliases cannot fill the memory")
    func bomb() {
        var text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
        for level in 1..<9 {
            text +=
                "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ",") + "]\n"
        }
        let error = #expect(throws: JSONError.self) { try JSON(yaml: text) }
        #expect(error?.message.contains("excessive aliasing") == true)
    }

    @Test("a path is found at its line, or at the nearest thing around it")
    func positions() throws {
        let text = """
            kind: Configuration
            drivers:
              - name: bridge
                options:
                  mtu: 1400
              - name: local
            """
        let document = try #require(try YAMLDocument.parse(text).first)
        #expect(document.line(of: "kind") == 1)
        #expect(document.line(of: "drivers[0].options.mtu") == 5)
        #expect(document.line(of: "drivers[1]") == 6)
        #expect(document.line(of: "drivers[1].options.mtu") == 6)
        #expect(document.line(of: "nothing.here") == 1)
        #expect(document.position(of: "drivers[0].name") == document.positions["drivers[0].name"])
    }

    @Test("random values are the same after writing and reading")
    func randomRoundTrip() throws {
        var random = SeededGenerator()
        for _ in 0..<500 {
            let value = composed(random.json(depth: 3))
            let text = value.yaml()
            let back = try JSON(yaml: text)
            // YAML has no way to say 1e3 other than 1000: compare what both say as numbers.
            #expect(normal(back) == normal(value), "seed \(random.seed)\n\(text)")
        }
    }

    /// The same without what the YAML library changes: it takes canonically equivalent keys for the same, and drops a
    /// byte order mark at the beginning of a scalar.
    private func composed(_ value: JSON) -> JSON {
        func composed(_ text: String) -> String {
            text.replacing("e\u{301}", with: "x").replacing("\u{FEFF}", with: "")
        }
        return switch value {
        case .string(let text): .string(composed(text))
        case .array(let elements): .array(elements.map(self.composed))
        case .object(let object):
            .object(JSONObject(object.members.map { (composed($0.key), self.composed($0.value)) }))
        default: value
        }
    }

    private func normal(_ value: JSON) -> JSON {
        switch value {
        case .number: .string(value.double.map { "\($0 + 0)" } ?? "")
        case .integer(let number): .string("\(Double(number))")
        case .array(let elements): .array(elements.map(normal))
        case .object(let object): .object(JSONObject(object.members.map { ($0.key, normal($0.value)) }))
        default: value
        }
    }
}
