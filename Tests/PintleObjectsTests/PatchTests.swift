import PintleObjects
import Testing

@Suite("Patches")
struct PatchTests {
    @Test(
        "a JSON patch changes what it names",
        arguments: [
            (#"{"a":1}"#, #"[{"op":"add","path":"/b","value":2}]"#, #"{"a":1,"b":2}"#),
            (#"{"a":[1,3]}"#, #"[{"op":"add","path":"/a/1","value":2}]"#, #"{"a":[1,2,3]}"#),
            (#"{"a":[1]}"#, #"[{"op":"add","path":"/a/-","value":2}]"#, #"{"a":[1,2]}"#),
            (#"{"a":[1,2]}"#, #"[{"op":"remove","path":"/a/-1"}]"#, #"{"a":[1]}"#),
            (#"{"a":1,"b":2}"#, #"[{"op":"remove","path":"/a"}]"#, #"{"b":2}"#),
            (#"{"a":{"b":1}}"#, #"[{"op":"replace","path":"/a/b","value":null}]"#, #"{"a":{"b":null}}"#),
            (#"{"a":{"b":1}}"#, #"[{"op":"move","from":"/a/b","path":"/c"}]"#, #"{"a":{},"c":1}"#),
            (#"{"a":[1,2]}"#, #"[{"op":"move","from":"/a/0","path":"/a/1"}]"#, #"{"a":[2,1]}"#),
            (#"{"a":{"b":1}}"#, #"[{"op":"copy","from":"/a","path":"/c"}]"#, #"{"a":{"b":1},"c":{"b":1}}"#),
            (#"{"a/b":{"~":1}}"#, #"[{"op":"replace","path":"/a~1b/~0","value":2}]"#, #"{"a/b":{"~":2}}"#),
            (#"{"a":1}"#, #"[{"op":"test","path":"/a","value":1},{"op":"remove","path":"/a"}]"#, #"{}"#),
            (#"{"a":1}"#, #"[{"op":"replace","path":"","value":[1]}]"#, #"[1]"#),
            (#"{"":{"":1}}"#, #"[{"op":"replace","path":"//","value":2}]"#, #"{"":{"":2}}"#),
        ])
    func jsonPatch(_ before: String, _ patch: String, _ after: String) throws {
        var value = try JSON(parsing: before)
        try JSONPatch(JSON(parsing: patch)).apply(to: &value)
        #expect(value.description == after)
    }

    @Test(
        "a JSON patch that does not apply is refused with 422",
        arguments: [
            #"[{"op":"remove","path":"/x"}]"#, #"[{"op":"replace","path":"/x","value":1}]"#,
            #"[{"op":"add","path":"/x/y","value":1}]"#, #"[{"op":"add","path":"/l/5","value":1}]"#,
            #"[{"op":"test","path":"/a","value":2}]"#, #"[{"op":"move","from":"/x","path":"/y"}]"#,
            #"[{"op":"add","path":"/a/b","value":1}]"#, #"[{"op":"jump","path":"/a"}]"#,
            #"[{"op":"add","path":"a","value":1}]"#,
            #"[{"op":"add","path":"/b"}]"#, #"[{"op":"remove","path":"/l/-3"}]"#, #"[{"op":"remove","path":""}]"#,
        ])
    func jsonPatchFaults(_ patch: String) throws {
        var value: JSON = ["a": 1, "l": [1, 2]]
        let error = #expect(throws: StatusError.self) { try JSONPatch(JSON(parsing: patch)).apply(to: &value) }
        #expect(error?.code == 422)
        #expect(error?.message == "the server rejected our request due to an error in our request")
    }

    @Test("what is no JSON patch is refused with 400, one that is too long with 413")
    func jsonPatchMalformed() {
        let long = JSON.array(Array(repeating: ["op": "test", "path": ""], count: 10_001))
        for (patch, code) in [(["op": "add"], 400), ([1], 400), (long, 413)] as [(JSON, Int)] {
            let error = #expect(throws: StatusError.self) { try JSONPatch(patch) }
            #expect(error?.code == code)
        }
    }

    @Test(
        "a merge patch follows RFC 7386",
        arguments: [
            (#"{"a":"b"}"#, #"{"a":"c"}"#, #"{"a":"c"}"#), (#"{"a":"b"}"#, #"{"b":"c"}"#, #"{"a":"b","b":"c"}"#),
            (#"{"a":"b"}"#, #"{"a":null}"#, #"{}"#), (#"{"a":"b","b":"c"}"#, #"{"a":null}"#, #"{"b":"c"}"#),
            (#"{"a":["b"]}"#, #"{"a":"c"}"#, #"{"a":"c"}"#), (#"{"a":"c"}"#, #"{"a":["b"]}"#, #"{"a":["b"]}"#),
            (#"{"a":{"b":"c"}}"#, #"{"a":{"b":"d","c":null}}"#, #"{"a":{"b":"d"}}"#),
            (#"{"a":[{"b":"c"}]}"#, #"{"a":[1]}"#, #"{"a":[1]}"#), (#"["a","b"]"#, #"["c","d"]"#, #"["c","d"]"#),
            (#"{"a":"b"}"#, #"["c"]"#, #"["c"]"#), (#"{"a":"foo"}"#, #"null"#, #"null"#),
            (#"{"e":null}"#, #"{"a":1}"#, #"{"e":null,"a":1}"#), (#"[1,2]"#, #"{"a":"b","c":null}"#, #"{"a":"b"}"#),
            (#"{}"#, #"{"a":{"bb":{"ccc":null}}}"#, #"{"a":{"bb":{}}}"#),
        ])
    func mergePatch(_ before: String, _ patch: String, _ after: String) throws {
        var value = try JSON(parsing: before)
        value.apply(mergePatch: try JSON(parsing: patch))
        #expect(value.description == after)
    }

    @Test("random merge patches change nothing when applied twice and nothing when empty")
    func mergePatchProperties() {
        var random = SeededGenerator()
        for _ in 0..<300 {
            let original = random.json(depth: 3)
            let patch = random.json(depth: 3)
            var once = original
            once.apply(mergePatch: patch)
            var twice = once
            twice.apply(mergePatch: patch)
            #expect(once == twice, "seed \(random.seed)")
            var same = original
            same.apply(mergePatch: [:])
            #expect(same == (original.object == nil ? [:] : original), "seed \(random.seed)")
        }
    }

    private func merged(_ before: String, _ patch: String) throws -> String {
        let schema = try #require(Schema.builtIn(group: "", version: "v1", kind: "Pod"))
        var value = try JSON(parsing: before)
        try schema.apply(strategicMergePatch: JSON(parsing: patch), to: &value)
        return value.description
    }

    @Test(
        "a strategic merge patch merges lists by their keys and follows directives",
        arguments: [
            // Lists of objects merge by name, others are replaced.
            (
                #"{"spec":{"containers":[{"name":"a","image":"1","args":["x"]},{"name":"b"}]}}"#,
                #"{"spec":{"containers":[{"name":"c"},{"name":"a","image":"2","args":["y"]}]}}"#,
                #"{"spec":{"containers":[{"name":"a","image":"2","args":["y"]},{"name":"b"},{"name":"c"}]}}"#
            ),
            // Deep merge: ports by containerPort, null removes.
            (
                #"{"spec":{"containers":[{"name":"a","ports":[{"containerPort":80,"name":"x"}],"image":"i"}]}}"#,
                #"{"spec":{"containers":[{"name":"a","ports":[{"containerPort":80,"protocol":"TCP"},{"containerPort":81}],"image":null}]}}"#,
                #"{"spec":{"containers":[{"name":"a","ports":[{"containerPort":80,"name":"x","protocol":"TCP"},{"containerPort":81}]}]}}"#
            ),
            // $patch: delete takes an element out.
            (
                #"{"spec":{"containers":[{"name":"a"},{"name":"b"}]}}"#,
                #"{"spec":{"containers":[{"$patch":"delete","name":"a"}]}}"#, #"{"spec":{"containers":[{"name":"b"}]}}"#
            ),
            // $patch: replace replaces a whole list, or a whole object.
            (
                #"{"spec":{"containers":[{"name":"a"},{"name":"b"}]}}"#,
                #"{"spec":{"containers":[{"name":"c"},{"$patch":"replace"}]}}"#,
                #"{"spec":{"containers":[{"name":"c"}]}}"#
            ),
            (
                #"{"metadata":{"labels":{"a":"1","b":"2"}}}"#, #"{"metadata":{"labels":{"$patch":"replace","c":"3"}}}"#,
                #"{"metadata":{"labels":{"c":"3"}}}"#
            ),
            // $setElementOrder orders, and keeps what only the server knows in its place.
            (
                #"{"spec":{"containers":[{"name":"a"},{"name":"s"},{"name":"b"}]}}"#,
                #"{"spec":{"$setElementOrder/containers":[{"name":"b"},{"name":"n"},{"name":"a"}],"containers":[{"name":"n"}]}}"#,
                #"{"spec":{"containers":[{"name":"s"},{"name":"b"},{"name":"n"},{"name":"a"}]}}"#
            ),
            // $deleteFromPrimitiveList and lists of scalars that merge.
            (
                #"{"metadata":{"finalizers":["a","b"]}}"#,
                #"{"metadata":{"$deleteFromPrimitiveList/finalizers":["a"],"finalizers":["c"],"$setElementOrder/finalizers":["c","b"]}}"#,
                #"{"metadata":{"finalizers":["c","b"]}}"#
            ),
            // $retainKeys drops the source of a volume that is no longer meant.
            (
                #"{"spec":{"volumes":[{"name":"v","emptyDir":{}}]}}"#,
                #"{"spec":{"volumes":[{"$retainKeys":["name","hostPath"],"name":"v","hostPath":{"path":"/x"}}]}}"#,
                #"{"spec":{"volumes":[{"name":"v","hostPath":{"path":"/x"}}]}}"#
            ),
            // What is new loses its directives and nulls.
            (
                #"{}"#,
                #"{"spec":{"$retainKeys":["a"],"nodeName":null,"containers":[{"name":"a"},{"$patch":"delete","name":"b"}],"$setElementOrder/containers":[{"name":"a"}]}}"#,
                #"{"spec":{"containers":[{"name":"a"}]}}"#
            ),
            // A set of scalars.
            (
                #"{"metadata":{"finalizers":["a"]}}"#, #"{"metadata":{"finalizers":["b","a"]}}"#,
                #"{"metadata":{"finalizers":["a","b"]}}"#
            ),
        ])
    func strategic(_ before: String, _ patch: String, _ after: String) throws {
        #expect(try merged(before, patch) == after)
    }

    @Test(
        "a malformed strategic merge patch is refused",
        arguments: [
            (#"{"spec":{"containers":[{"image":"x"}]}}"#, 422), (#"{"spec":{"$retainKeys":5}}"#, 400),
            (#"{"spec":{"$patch":"wild"}}"#, 400), (#"{"spec":{"$setElementOrder/containers":{}}}"#, 400),
            (#"{"spec":{"$setElementOrder/containers":[{"name":"z"}],"containers":[{"name":"y"}]}}"#, 400),
            (#"[]"#, 400),
        ])
    func strategicFaults(_ patch: String, _ code: Int) {
        let error = #expect(throws: StatusError.self) { try merged(#"{"spec":{"containers":[{"name":"a"}]}}"#, patch) }
        #expect(error?.code == code)
    }
}
