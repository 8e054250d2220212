import PintleObjects
import Testing

@Suite("Structural schemas")
struct StructuralSchemaTests {
    private func schema() throws -> StructuralSchema {
        try StructuralSchema(json: [
            "type": "object",
            "required": ["bridge"],
            "properties": [
                "bridge": ["type": "string", "pattern": "^[a-z][a-z0-9-]*$", "maxLength": 15],
                "mtu": ["type": "integer", "minimum": 576, "maximum": 9000, "default": 1500],
                "mode": ["type": "string", "enum": ["fast", "safe"], "default": "safe"],
                "range": ["type": "string", "format": "cidr"],
                "token": ["type": "string", "x-pintle-secret": true],
                "ports": [
                    "type": "array", "maxItems": 2,
                    "items": [
                        "type": "object", "required": ["number"],
                        "properties": ["number": ["type": "integer"], "on": ["type": "boolean", "default": true]],
                    ],
                ],
                "extra": ["type": "object", "additionalProperties": ["type": "string", "minLength": 1]],
                "free": ["type": "object", "x-kubernetes-preserve-unknown-fields": true],
                "limit": ["x-kubernetes-int-or-string": true],
                "maybe": ["type": "string", "nullable": true],
            ],
        ])
    }

    @Test(
        "what is wrong is said in Kubernetes' words",
        arguments: [
            (#"{}"#, ["bridge: Required value"]),
            (
                #"{"bridge":5}"#,
                [#"bridge: Invalid value: "integer": bridge in body must be of type string: "integer""#]
            ),
            (
                #"{"bridge":"X","mtu":9001}"#,
                [
                    #"bridge: Invalid value: "X": bridge in body should match '^[a-z][a-z0-9-]*$'"#,
                    "mtu: Invalid value: 9001: mtu in body should be less than or equal to 9000",
                ]
            ),
            (#"{"bridge":"abcdefghijklmnop"}"#, ["bridge: Too long: may not be more than 15 bytes"]),
            (
                #"{"bridge":"b","mode":"wild"}"#,
                [#"mode: Unsupported value: "wild": supported values: "fast", "safe""#]
            ),
            (
                #"{"bridge":"b","range":"10.0.0.0/33"}"#,
                [#"range: Invalid value: "10.0.0.0/33": range in body must be of type cidr: "10.0.0.0/33""#]
            ),
            (
                #"{"bridge":"b","ports":[{"on":false},{"number":1},{"number":2}]}"#,
                ["ports: Too many: 3: must have at most 2 items", "ports[0].number: Required value"]
            ),
            (
                #"{"bridge":"b","extra":{"k":""}}"#,
                [#"extra.k: Invalid value: "": extra.k in body should be at least 1 chars long"#]
            ),
            (
                #"{"bridge":"b","limit":true}"#,
                [#"limit: Invalid value: "boolean": limit in body must be of type integer,string: "boolean""#]
            ),
            (
                #"{"bridge":"b","ports":[{"number":1,"x":2}]}"#,
                [#"ports[0].x: Forbidden: unknown field; the fields are "number", "on""#]
            ),
            (
                #"{"bridge":"b","mtu":1500.0,"limit":"x","maybe":null,"free":{"any":[1]},"extra":{"k":"v"},"range":"fd00::/64"}"#,
                []
            ),
        ] as [(String, [String])])
    func validates(_ text: String, _ faults: [String]) throws {
        #expect(try schema().validate(JSON(parsing: text)).map(\.description) == faults)
    }

    @Test("paths begin where the caller says, and unknown fields can be passed over")
    func options() throws {
        let value: JSON = ["bridge": "b", "zzz": 1, "mtu": "x"]
        #expect(
            try schema().validate(value, at: "drivers[0].options", unknownFields: .ignore).map(\.path) == [
                "drivers[0].options.mtu"
            ])
    }

    @Test("defaults are filled in where they are missing, also in lists")
    func defaults() throws {
        var value: JSON = ["bridge": "b", "ports": [["number": 1], ["number": 2, "on": false]], "mode": nil]
        try schema().applyDefaults(&value)
        #expect(
            value == [
                "bridge": "b", "ports": [["number": 1, "on": true], ["number": 2, "on": false]], "mtu": 1500,
                "mode": "safe",
            ])
    }

    @Test("secrets are hidden and unknown fields pruned")
    func redaction() throws {
        var value: JSON = ["token": "s3cret", "bridge": "b", "free": ["x": 1], "zzz": ["a": 1], "ports": [["q": 1]]]
        #expect(try schema().redacted(value)["token"] == "<secret>")
        #expect(try schema().prune(&value) == ["zzz", "ports[0].q"])
        #expect(value == ["token": "s3cret", "bridge": "b", "free": ["x": 1], "ports": [[:]]])
    }

    @Test("combinations are checked")
    func combinations() throws {
        let schema = try StructuralSchema(json: [
            "type": "object",
            "properties": ["a": ["type": "integer"], "b": ["type": "integer"]],
            "oneOf": [["required": ["a"]], ["required": ["b"]]],
            "not": ["properties": ["a": ["enum": [13]]], "required": ["a"]],
        ])
        #expect(schema.validate(["a": 1]).isEmpty)
        #expect(schema.validate([:]).first?.message.contains("Found none valid") == true)
        #expect(schema.validate(["a": 1, "b": 2]).first?.message.contains("Found 2 valid alternatives") == true)
        #expect(schema.validate(["a": 13]).count == 1)
    }

    @Test(
        "a schema outside of the subset is refused",
        arguments: [
            (##"{"$ref":"#/x"}"##, "$ref: Forbidden: this keyword is not part of the structural subset"),
            (
                #"{"type":"object","properties":{"a":{}}}"#,
                "properties[a].type: Required value: must not be empty for specified object fields"
            ),
            (
                #"{"type":"strange"}"#,
                #"type: Unsupported value: "strange": supported values: "object", "array", "string", "integer", "number", "boolean""#
            ),
            (
                #"{"type":"object","properties":{"a":{"type":"string","pattern":"("}}}"#,
                #"properties[a].pattern: Invalid value: "(": must be a valid regular expression"#
            ),
            (
                #"{"type":"object","properties":{"a":{"type":"integer","default":"x"}}}"#,
                #"properties[a].default: Invalid value: "string": properties[a].default in body must be of type integer: "string""#
            ),
            (#"{"type":"object","required":"a"}"#, #"required: Invalid value: "a": must be an array"#),
        ])
    func refuses(_ text: String, _ fault: String) {
        let error = #expect(throws: StructuralSchema.Malformed.self) { try StructuralSchema(json: JSON(parsing: text)) }
        #expect(error?.errors.map(\.description) == [fault])
    }
}
