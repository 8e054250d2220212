import PintleObjects
import Testing

@testable import PintleNode

@Suite("A container's environment")
struct ContainerEnvironmentTests {
    @Test("env overrides envFrom, and later sources of envFrom override earlier ones")
    func order() throws {
        let found = try Self.resolve([
            "envFrom": [
                ["configMapRef": ["name": "one"]], ["prefix": "P_", "configMapRef": ["name": "one"]],
                ["secretRef": ["name": "s"]],
            ],
            "env": [["name": "A", "value": "own"], ["name": "C", "value": "$(A)/$(P_A)/$(B)/$$(A)/$(NONE)"]],
        ])
        #expect(found == ["A": "own", "B": "secret", "P_A": "1", "P_B": "2", "C": "own/1/secret/$(A)/$(NONE)"])
    }

    @Test("a reference that leads nowhere is told in Kubernetes' words", arguments: rows)
    func faults(_ source: JSON, _ message: String) {
        #expect(throws: PodFault("CreateContainerConfigError", message)) {
            try Self.resolve(["env": [["name": "V", "valueFrom": source]]])
        }
    }

    @Test("what is optional and missing sets nothing")
    func optional() throws {
        let found = try Self.resolve([
            "envFrom": [["secretRef": ["name": "x", "optional": true]]],
            "env": [
                ["name": "V", "valueFrom": ["configMapKeyRef": ["name": "x", "key": "k", "optional": true]]],
                ["name": "W", "valueFrom": ["configMapKeyRef": ["name": "one", "key": "k", "optional": true]]],
            ],
        ])
        #expect(found.isEmpty)
    }

    @Test(
        "the pod tells of itself",
        arguments: [
            ("metadata.name", "p"), ("metadata.namespace", "ns"), ("metadata.uid", "u"),
            ("metadata.labels['a/b']", "x"), ("metadata.annotations['none']", ""),
            ("metadata.labels", "a/b=\"x\"\nc=\"say \\\"y\\\"\""), ("spec.nodeName", "n"),
            ("spec.serviceAccountName", "default"), ("status.podIP", "10.0.0.2"),
            ("status.podIPs", "10.0.0.2,fd00::2"), ("status.hostIP", "10.0.0.1"), ("status.hostIPs", "10.0.0.1"),
        ])
    func fields(_ path: String, _ text: String) throws {
        let source: JSON = ["fieldRef": ["fieldPath": .string(path)]]
        #expect(try Self.resolve(["env": [["name": "V", "valueFrom": source]]]) == ["V": text])
    }

    @Test(
        "resources are counted in the divisor's units and rounded up; limits not set are the node's",
        arguments: [
            ("requests.cpu", "", "1"), ("requests.cpu", "1m", "250"), ("limits.cpu", "", "4"),
            ("limits.memory", "1Mi", "32"), ("limits.memory", "", "33000000"), ("limits.memory", "0", "33000000"),
            ("limits.ephemeral-storage", "1k", "10"), ("requests.memory", "", "0"), ("limits.hugepages-2Mi", "", "0"),
        ])
    func resources(_ resource: String, _ divisor: String, _ text: String) throws {
        var reference: JSON = ["resource": .string(resource)]
        if !divisor.isEmpty { reference["divisor"] = .string(divisor) }
        let found = try Self.resolve([
            "env": [["name": "V", "valueFrom": ["resourceFieldRef": reference]]],
            "resources": ["requests": ["cpu": "250m"], "limits": ["memory": "33000000"]],
        ])
        #expect(found == ["V": text])
    }

    @Test("services are told as Docker's links, except headless ones, and never override")
    func services() throws {
        let found = try Self.resolve(
            [
                "env": [
                    ["name": "WEB_1_PORT", "value": "mine"], ["name": "U", "value": "http://$(WEB_1_SERVICE_HOST)"],
                ]
            ],
            services: [
                [
                    "metadata": ["name": "web-1"],
                    "spec": [
                        "clusterIP": "10.96.0.9",
                        "ports": [
                            ["name": "http-alt", "port": 80, "protocol": "TCP"], ["port": 53, "protocol": "UDP"],
                        ],
                    ],
                ],
                ["metadata": ["name": "none"], "spec": ["clusterIP": "None", "ports": [["port": 1]]]],
                ["metadata": ["name": "six"], "spec": ["clusterIP": "fd00::1", "ports": [["port": 1]]]],
            ])
        #expect(found["WEB_1_SERVICE_HOST"] == "10.96.0.9")
        #expect(found["WEB_1_SERVICE_PORT"] == "80")
        #expect(found["WEB_1_SERVICE_PORT_HTTP_ALT"] == "80")
        #expect(found["WEB_1_PORT"] == "mine")
        #expect(found["WEB_1_PORT_80_TCP"] == "tcp://10.96.0.9:80")
        #expect(found["WEB_1_PORT_53_UDP_PROTO"] == "udp")
        #expect(found["WEB_1_PORT_53_UDP_PORT"] == "53")
        #expect(found["WEB_1_PORT_53_UDP_ADDR"] == "10.96.0.9")
        #expect(found["SIX_PORT"] == "tcp://[fd00::1]:1")
        #expect(found["U"] == "http://10.96.0.9")
        #expect(found.keys.contains { $0.hasPrefix("NONE") } == false)
    }

    @Test("names that no variable can have are left out and named")
    func invalidNames() throws {
        let resolved = try Self.environment().resolve(["envFrom": [["configMapRef": ["name": "odd"]]]])
        #expect(resolved.variables.map(\.name) == ["1.fine"])
        #expect(
            resolved.skipped == [
                "Keys [a=b, ümlaut] from the EnvFrom configMap ns/odd were skipped since they are considered invalid environment variable names."
            ])
    }

    // MARK: What there is

    private static let rows: [(JSON, String)] = [
        (["configMapKeyRef": ["name": "x", "key": "k"]], "configmap \"x\" not found"),
        (["secretKeyRef": ["name": "x", "key": "k"]], "secret \"x\" not found"),
        (["configMapKeyRef": ["name": "one", "key": "k"]], "couldn't find key k in ConfigMap ns/one"),
        (["secretKeyRef": ["name": "s", "key": "k"]], "couldn't find key k in Secret ns/s"),
        (
            ["secretKeyRef": ["name": "binary", "key": "k"]],
            "the value of key k in Secret ns/binary is not UTF-8, as an environment variable must be"
        ),
        (
            ["secretKeyRef": ["name": "binary", "key": "nul"]],
            "the value of environment variable V contains a NUL byte"
        ),
        (["fieldRef": ["fieldPath": "spec.secret"]], "unsupported fieldPath: spec.secret"),
        (["fileKeyRef": ["key": "k"]], "env V: valueFrom.fileKeyRef is not supported by this version"),
        (
            ["resourceFieldRef": ["resource": "limits.gpu"]], "unsupported container resource : limits.gpu"
        ),
        (
            ["resourceFieldRef": ["resource": "limits.cpu", "containerName": "other"]],
            "container other not found"
        ),
    ]

    private static func resolve(_ container: JSON, services: [JSON] = []) throws -> [String: String] {
        var environment = environment()
        environment.services = services
        let list = try environment.resolve(container).variables
        #expect(Set(list.map(\.name)).count == list.count, "each name once")
        return Dictionary(uniqueKeysWithValues: list.map { ($0.name, $0.value) })
    }

    private static func environment() -> ContainerEnvironment {
        let objects: [Reference: JSON] = [
            .configMap(namespace: "ns", name: "one"): ["data": ["A": "1", "B": "2"]],
            .configMap(namespace: "ns", name: "odd"): ["data": ["a=b": "1", "ümlaut": "2", "1.fine": "3"]],
            .secret(namespace: "ns", name: "s"): ["data": ["B": .string(Base64.encode("secret".utf8))]],
            .secret(namespace: "ns", name: "binary"): [
                "data": ["k": .string(Base64.encode([0xFF, 0xFE])), "nul": .string(Base64.encode([65, 0]))]
            ],
        ]
        let pod: JSON = [
            "metadata": [
                "name": "p", "namespace": "ns", "uid": "u", "labels": ["c": "say \"y\"", "a/b": "x"],
            ],
            "spec": ["nodeName": "n", "serviceAccountName": "default", "containers": [["name": "main"]]],
        ]
        return ContainerEnvironment(
            pod: pod, podIPs: ["10.0.0.2", "fd00::2"], hostIPs: ["10.0.0.1"],
            allocatable: ["cpu": "4", "memory": "1Gi", "ephemeral-storage": "9999"], object: { objects[$0] })
    }
}
