import PintleObjects
import Testing

@Suite("Selectors")
struct SelectorTests {
    private let labels: JSON = ["app": "web", "tier": "front", "n": "5", "empty": ""]

    @Test(
        "a label selector matches and prints as Kubernetes does",
        arguments: [
            ("", "", true), ("app=web", "app=web", true), ("app==web", "app==web", true),
            ("app!=web", "app!=web", false),
            ("other!=web", "other!=web", true), ("app in (db, web)", "app in (db,web)", true),
            ("app notin (db,web)", "app notin (db,web)", false), ("none notin (a)", "none notin (a)", true),
            ("app", "app", true), ("!app", "!app", false), ("!none", "!none", true), ("n>4", "n>4", true),
            ("n<4", "n<4", false), ("tier=front,app=web", "app=web,tier=front", true), ("empty=", "empty=", true),
            (" app = web , tier ", "app=web,tier", true), ("app in ()", "app in ()", false), ("in=x", "in=x", false),
            ("example.com/a=b", "example.com/a=b", false), ("x in (a,)", "x in (,a)", false),
        ])
    func labelSelectors(_ text: String, _ printed: String, _ matches: Bool) throws {
        let selector = try LabelSelector(parsing: text)
        #expect(selector.description == printed)
        #expect(selector.matches(labels: labels) == matches)
        #expect(selector.matches(object: ["metadata": ["labels": labels]]) == matches)
    }

    @Test(
        "a malformed label selector is refused",
        arguments: [
            "a=b=c", "a in b", "a in (b", ",", "a,", "=b", "a!b", "(a)", "a>x", "bad key=1", "a=bad value!", "a=-x-",
        ])
    func refusesLabels(_ text: String) {
        let error = #expect(throws: StatusError.self) { try LabelSelector(parsing: text) }
        #expect(error?.code == 400)
        #expect(error?.message.hasPrefix("unable to parse requirement: ") == true)
    }

    @Test("a LabelSelector object matches; null matches nothing, an empty one everything")
    func objects() throws {
        let object: JSON = [
            "matchLabels": ["app": "web"],
            "matchExpressions": [
                ["key": "tier", "operator": "In", "values": ["front", "back"]],
                ["key": "gone", "operator": "DoesNotExist"],
            ],
        ]
        #expect(try LabelSelector(object: object).matches(labels: labels))
        #expect(try LabelSelector(object: nil).matches(labels: labels) == false)
        #expect(try LabelSelector(object: [:]).matches(labels: nil))
        #expect(LabelSelector(equalTo: ["app": "db"]).matches(labels: labels) == false)
        #expect(throws: StatusError.self) {
            try LabelSelector(object: ["matchExpressions": [["key": "a", "operator": "Near"]]])
        }
        #expect(throws: StatusError.self) {
            try LabelSelector(object: ["matchExpressions": [["key": "a", "operator": "In"]]])
        }
    }

    @Test("a field selector matches, prints and takes escapes")
    func fields() throws {
        let pod: JSON = ["metadata": ["name": "a,b"], "spec": ["nodeName": "n1", "hostNetwork": true]]
        #expect(try FieldSelector(parsing: #"metadata.name=a\,b"#).matches(object: pod))
        #expect(try FieldSelector(parsing: "spec.nodeName==n1,spec.hostNetwork=true").matches(object: pod))
        #expect(try FieldSelector(parsing: "spec.nodeName!=n1").matches(object: pod) == false)
        #expect(try FieldSelector(parsing: "status.phase!=Running").matches(object: pod))
        #expect(try FieldSelector(parsing: "").isEverything)
        let selector = try FieldSelector(parsing: #"a=x\=y,b!=z\\"#)
        #expect(selector.description == #"a=x\=y,b!=z\\"#)
        #expect(selector.requiredValue(of: "a") == "x=y")
        #expect(selector.requiredValue(of: "b") == nil)
        for bad in ["metadata.name", #"a=\x"#, "a=b=c"] {
            #expect(throws: StatusError.self) { try FieldSelector(parsing: bad) }
        }
        let error = #expect(throws: StatusError.self) { try FieldSelector(parsing: "a=b,c") }
        #expect(error?.message == "invalid selector: 'a=b,c'; can't understand 'c'")
    }
}

@Suite("Names")
struct NameRulesTests {
    @Test("what is allowed has no complaint")
    func allowed() {
        #expect(NameRules.dns1123Label("a-1").isEmpty)
        #expect(NameRules.dns1123Subdomain("a.b-c.d1").isEmpty)
        #expect(NameRules.qualifiedName("example.com/My_name.1").isEmpty)
        #expect(NameRules.labelValue("").isEmpty)
        #expect(NameRules.configMapKey("ca.crt").isEmpty)
        #expect(NameRules.portName("http-2").isEmpty)
        #expect(NameRules.environmentVariable("A.b c").isEmpty)
    }

    @Test("what is not allowed is explained in Kubernetes' words")
    func explained() {
        #expect(
            NameRules.dns1123Label("C") == [
                "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and "
                    + "end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
                    + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
            ])
        #expect(NameRules.dns1123Label("a.b") == ["must not contain dots"])
        #expect(
            NameRules.dns1123Subdomain("Bad_Name") == [
                "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
                    + "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
                    + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
            ])
        #expect(
            NameRules.qualifiedName("bad key!") == [
                "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
                    + "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
                    + "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
            ])
        #expect(NameRules.dns1123Label(String(repeating: "a", count: 64)) == ["must be no more than 63 characters"])
        #expect(
            NameRules.portName("TOO_LONG_PORT_NAME") == [
                "must be no more than 15 characters",
                "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
                "must contain at least one letter (a-z)",
            ])
        #expect(NameRules.portNumber(70_000) == ["must be between 1 and 65535, inclusive"])
        #expect(NameRules.configMapKey("..a") == ["must not start with '..'"])
        #expect(NameRules.masked(generateName: "web-") == "weba")
    }
}
