import PintleObjects
import Testing

@Suite("Schemas")
struct SchemaTests {
    private func pod() throws -> Schema {
        try #require(Schema.builtIn(group: "", version: "v1", kind: "Pod"))
    }

    private func fault(_ spec: JSON, kind: String = "Pod") throws -> String {
        let schema = try #require(Schema.builtIn(group: "", version: "v1", kind: kind))
        do {
            _ = try schema.decode(spec)
            return ""
        } catch {
            #expect(error.code == 400)
            return error.message
        }
    }

    @Test("the kinds of a group are known, and those of meta/v1 in every group")
    func kinds() throws {
        #expect(Schema.kinds(group: "coordination.k8s.io", version: "v1") == ["Lease", "LeaseList"])
        #expect(Schema.kinds(group: "", version: "v1").contains("Pod"))
        #expect(Schema.builtIn(group: "", version: "v2", kind: "Pod") == nil)
        #expect(Schema.builtIn(group: "", version: "v1", kind: "DeleteOptions")?.type.field("preconditions") != nil)
        #expect(
            Schema.builtIn(group: "coordination.k8s.io", version: "v1", kind: "Lease")?.apiVersion
                == "coordination.k8s.io/v1")
        #expect(try pod().type.field("spec")?.type != nil)
    }

    @Test("every type that a field names exists", arguments: [("", "v1"), ("coordination.k8s.io", "v1")])
    func references(_ group: String, _ version: String) throws {
        var seen: Set<ObjectIdentifier> = []
        func visit(_ type: ValueType, _ path: String) {
            switch type {
            case .list(let inner), .map(let inner): visit(inner, path)
            case .object(let reference):
                let type = reference.type
                guard seen.insert(ObjectIdentifier(type)).inserted else { return }
                #expect(type.isAny == false, "\(path) refers to nothing")
                for field in type.fields { visit(field.type, "\(path).\(field.name)") }
            default: break
            }
        }
        for kind in Schema.kinds(group: group, version: version) {
            let schema = try #require(Schema.builtIn(group: group, version: version, kind: kind))
            for field in schema.type.fields { visit(field.type, "\(kind).\(field.name)") }
        }
        #expect(seen.count > (group.isEmpty ? 200 : 3))
    }

    @Test("merge keys and list types are those of Kubernetes")
    func mergeKeys() throws {
        guard case .object(let spec)? = try pod().type.field("spec")?.type else {
            Issue.record("spec is no object")
            return
        }
        let containers = try #require(spec.type.field("containers"))
        #expect(containers.mergesList && containers.mergeKey == "name" && containers.listType == .map)
        #expect(containers.isRequired && containers.tag == 2 && containers.listKeys == ["name"])
        let volumes = try #require(spec.type.field("volumes"))
        #expect(volumes.mergesList && volumes.retainsKeys)
        #expect(spec.type.field("nodeSelector")?.isAtomicMap == true)
    }

    @Test("unknown and repeated fields are refused, warned about or dropped, as asked")
    func fieldValidation() throws {
        let body = #"{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","foo":1,"name":"d"}],"bar":{}}}"#
        let bytes = Array(body.utf8)
        let error = #expect(throws: StatusError.self) { try pod().decode(body: bytes, validation: .strict) }
        #expect(
            error?.message
                == #"Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec.containers[0].foo", unknown field "spec.bar", duplicate field "spec.containers[0].name""#
        )
        let warned = try pod().decode(body: bytes, validation: .warn)
        #expect(
            warned.warnings == [
                #"unknown field "spec.containers[0].foo""#, #"unknown field "spec.bar""#,
                #"duplicate field "spec.containers[0].name""#,
            ])
        #expect(warned.object["spec"] == ["containers": [["name": "d"]]])
        #expect(warned.object["kind"] == "Pod" && warned.object["apiVersion"] == "v1")
        let ignored = try pod().decode(body: bytes, validation: .ignore)
        #expect(ignored.warnings.isEmpty && ignored.object == warned.object)
    }

    @Test("a value of the wrong type is reported as Go's decoder does")
    func typeErrors() throws {
        let start = #"Pod in version "v1" cannot be handled as a Pod: "#
        #expect(
            try fault(["spec": ["nodeSelector": ["a"]]])
                == start
                + "json: cannot unmarshal array into Go struct field PodSpec.spec.nodeSelector of type map[string]string"
        )
        #expect(
            try fault(["spec": ["containers": [["name": 5]]]])
                == start
                + "json: cannot unmarshal number into Go struct field Container.spec.containers.name of type string")
        #expect(
            try fault(["spec": ["containers": [["ports": [["containerPort": "80"]]]]]])
                == start
                + "json: cannot unmarshal string into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32"
        )
        #expect(
            try fault(["spec": ["priority": 3_000_000_000]])
                == start
                + "json: cannot unmarshal number 3000000000 into Go struct field PodSpec.spec.priority of type int32")
        #expect(
            try fault(["spec": ["containers": [:]]])
                == start
                + "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container")
        #expect(
            try fault(["spec": ["containers": [["resources": ["limits": ["cpu": "abc"]]]]]])
                == start
                + #"quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"#)
        #expect(
            try fault(["data": ["a": "!"]], kind: "Secret")
                == #"Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 0"#)
        #expect(
            try fault(["metadata": ["creationTimestamp": "yesterday"]])
                == start
                + #"parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006""#)
        #expect(
            try fault(["spec": ["containers": [["livenessProbe": ["httpGet": ["port": true]]]]]])
                == start + "json: cannot unmarshal bool into Go value of type int32")
    }

    @Test("another kind, another version and what is no object are refused")
    func identity() throws {
        #expect(
            try fault(["kind": "Service", "apiVersion": "v1"]).hasPrefix(
                #"Service in version "v1" cannot be handled as a Pod: "#))
        #expect(
            try fault(["kind": "Pod", "apiVersion": "v2"])
                == "the API version in the data (v2) does not match the expected API version (v1)")
        let text = #expect(throws: StatusError.self) { try pod().decode(body: Array("{\"kind\": x}".utf8)) }
        #expect(
            text?.message
                == "the object provided is unrecognized (must be of type Pod): couldn't get version/kind; json parse error: "
                + #"invalid character 'x' looking for beginning of value ({"kind": x})"#)
        #expect(throws: StatusError.self) { try pod().decode(body: Array("[]".utf8)) }
        let yaml = #expect(throws: StatusError.self) { try pod().decode(body: Array("a: [".utf8), isYAML: true) }
        #expect(
            yaml?.message.contains("error converting YAML to JSON: line 2: yaml: ") == true, "\(yaml?.message ?? "")")
        #expect(
            try pod().decode(body: Array("metadata: {name: p}".utf8), isYAML: true).object["metadata"]["name"] == "p")
    }

    @Test("nulls and empty optional collections go, quantities and times become canonical")
    func normalizes() throws {
        let decoded = try pod().decode([
            "kind": "Pod", "apiVersion": "v1",
            "metadata": ["creationTimestamp": "2026-01-01T02:00:00+02:00", "labels": [:], "name": nil],
            "spec": [
                "containers": [
                    ["name": "c", "env": [], "resources": ["limits": ["cpu": .number("0.5"), "memory": "1024Mi"]]]
                ],
                "volumes": nil, "initContainers": [], "securityContext": [:],
            ],
        ])
        #expect(
            decoded.object.description
                == #"{"kind":"Pod","apiVersion":"v1","metadata":{"creationTimestamp":"2026-01-01T00:00:00Z"},"spec":"#
                + #"{"containers":[{"name":"c","resources":{"limits":{"cpu":"500m","memory":"1Gi"}}}],"securityContext":{}}}"#
        )
    }

    @Test("a pod gets the defaults of Kubernetes")
    func defaults() throws {
        var object: JSON = [
            "spec": [
                "containers": [
                    [
                        "name": "c", "ports": [["containerPort": 80]],
                        "livenessProbe": ["httpGet": ["port": "http"], "periodSeconds": 0, "timeoutSeconds": 5],
                        "env": [["name": "N", "valueFrom": ["fieldRef": ["fieldPath": "metadata.name"]]]],
                    ]
                ],
                "volumes": [
                    ["name": "h", "hostPath": ["path": "/tmp"]], ["name": "s", "secret": ["secretName": "s"]],
                ],
                "restartPolicy": "", "terminationGracePeriodSeconds": 0,
            ]
        ]
        try pod().applyDefaults(&object)
        let spec = object["spec"]
        #expect(spec["restartPolicy"] == "Always" && spec["dnsPolicy"] == "ClusterFirst")
        #expect(spec["terminationGracePeriodSeconds"] == 0 && spec["schedulerName"] == "default-scheduler")
        #expect(spec["securityContext"] == [:])
        let container = spec["containers"][0]
        #expect(container["terminationMessagePath"] == "/dev/termination-log" && container["resources"] == [:])
        #expect(container["ports"][0]["protocol"] == "TCP")
        #expect(
            container["livenessProbe"] == [
                "httpGet": ["port": "http", "path": "/", "scheme": "HTTP"], "periodSeconds": 10, "timeoutSeconds": 5,
                "successThreshold": 1, "failureThreshold": 3,
            ])
        #expect(container["env"][0]["valueFrom"]["fieldRef"]["apiVersion"] == "v1")
        #expect(spec["volumes"][0]["hostPath"] == ["path": "/tmp", "type": ""])
        #expect(spec["volumes"][1]["secret"]["defaultMode"] == 420)
        let once = object
        try pod().applyDefaults(&object)
        #expect(object == once)
    }

    @Test("what a patch made is refused with the patch in the message")
    func patched() throws {
        let error = #expect(throws: StatusError.self) {
            try pod().decode(patched: ["spec": ["foo": 1]], patch: Array(#"{"spec":{"foo":1}}"#.utf8))
        }
        #expect(error?.code == 422)
        #expect(
            error?.message
                == #" "" is invalid: patch: Invalid value: "{\"spec\":{\"foo\":1}}": strict decoding error: unknown field "spec.foo""#
        )
    }

    @Test("pruning drops what is not known and names it")
    func prunes() throws {
        var object: JSON = ["spec": ["a": 1, "containers": [["name": "c", "b": 2]]], "z": 0]
        #expect(try pod().prune(&object) == ["spec.a", "spec.containers[0].b", "z"])
        #expect(object == ["spec": ["containers": [["name": "c"]]]])
    }
}
