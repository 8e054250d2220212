import PintleObjects
import Testing

@testable import PintleNode

@Suite("What is in volumes that the node writes")
struct VolumeContentsTests {
    @Test("a configMap's keys are files, its bytes too")
    func configMap() throws {
        let files = try Self.files(["configMap": ["name": "m", "defaultMode": 0o600]])
        #expect(
            files == [
                "a": ProjectedFile(path: "a", bytes: Array("one".utf8), mode: 0o600),
                "raw": ProjectedFile(path: "raw", bytes: [0, 255], mode: 0o600),
            ])
    }

    @Test("items choose keys, and give paths and modes")
    func items() throws {
        let files = try Self.files([
            "secret": [
                "secretName": "s", "defaultMode": 0o644,
                "items": [["key": "k", "path": "deep/k"], ["key": "k", "path": "x", "mode": 0o400]],
            ]
        ])
        #expect(files["deep/k"]?.mode == 0o644)
        #expect(files["x"] == ProjectedFile(path: "x", bytes: Array("v".utf8), mode: 0o400))
    }

    @Test("what is missing is told in Kubernetes' words", arguments: rows)
    func faults(_ volume: JSON, _ message: String) {
        #expect(throws: VolumeFault(message)) { try Self.files(volume) }
    }

    @Test("what is optional may be missing, whole or in parts")
    func optional() throws {
        #expect(try Self.files(["configMap": ["name": "x", "optional": true]]).isEmpty)
        let items: JSON = [["key": "no", "path": "p"], ["key": "a", "path": "q"]]
        #expect(try Self.files(["configMap": ["name": "m", "optional": true, "items": items]]).keys.sorted() == ["q"])
    }

    @Test("a projected volume joins its sources; a token file is its user's alone")
    func projected() throws {
        let volume: JSON = [
            "projected": [
                "defaultMode": 0o644,
                "sources": [
                    ["serviceAccountToken": ["path": "token"]], ["configMap": ["name": "m"]],
                    [
                        "downwardAPI": [
                            "items": [["path": "namespace", "fieldRef": ["fieldPath": "metadata.namespace"]]]
                        ]
                    ],
                ],
            ]
        ]
        let files = try Self.files(volume)
        #expect(files.keys.sorted() == ["a", "namespace", "raw", "token"])
        #expect(files["namespace"]?.bytes == Array("ns".utf8))
        #expect(files["token"] == ProjectedFile(path: "token", bytes: [], mode: 0o644))
        var pod = Self.pod
        pod["spec"]["securityContext"] = ["runAsUser": 1000]
        #expect(
            try Self.files(volume, pod)["token"] == ProjectedFile(path: "token", bytes: [], mode: 0o600, user: 1000))
    }

    @Test(
        "paths that would leave the volume or clash with its own names are refused",
        arguments: ["", "/a", "a//b", "../a", "a/../b", "..a", "a/.", String(repeating: "x", count: 256), "a\0b"])
    func paths(_ path: String) {
        #expect(ProjectedFile.fault(path) != nil)
    }

    private static let rows: [(JSON, String)] = [
        (["configMap": ["name": "x"]], "configmap \"x\" not found"),
        (["secret": ["secretName": "x"]], "secret \"x\" not found"),
        (
            ["configMap": ["name": "m", "items": [["key": "k", "path": "p"]]]],
            "configmap references non-existent config key: k"
        ),
        (
            ["secret": ["secretName": "s", "items": [["key": "no", "path": "p"]]]],
            "references non-existent secret key: no"
        ),
        (
            ["projected": ["sources": [["configMap": ["name": "x"]], ["secret": ["name": "y"]]]]],
            "[configmap \"x\" not found, secret \"y\" not found]"
        ),
        (
            ["projected": ["sources": [["clusterTrustBundle": ["path": "p"]]]]],
            "the projected volume source clusterTrustBundle is not supported by this version"
        ),
        (["downwardAPI": ["items": [["path": "p", "fieldRef": ["fieldPath": "x"]]]]], "unsupported fieldPath: x"),
    ]

    private static let pod: JSON = [
        "metadata": ["name": "p", "namespace": "ns"], "spec": ["containers": [["name": "main"]]],
    ]

    private static func files(_ volume: JSON, _ pod: JSON = pod) throws -> [String: ProjectedFile] {
        let objects: [Reference: JSON] = [
            .configMap(namespace: "ns", name: "m"): [
                "data": ["a": "one"], "binaryData": ["raw": .string(Base64.encode([0, 255]))],
            ],
            .secret(namespace: "ns", name: "s"): ["data": ["k": .string(Base64.encode("v".utf8))]],
        ]
        let files = try VolumeContents(pod: pod, object: { objects[$0] }).files(volume)
        return Dictionary(uniqueKeysWithValues: files.map { ($0.path, $0) })
    }
}
