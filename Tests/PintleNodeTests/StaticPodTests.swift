import PintleClient
import PintleObjects
import Testing

@testable import PintleNode

@Suite("Static pods")
struct StaticPodTests {
    @Test("a pod from a file gets the node's name behind its own, the file's hash and the marks")
    func completes() throws {
        let pod = try #require(
            try Self.read("apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n" + Self.spec).pods.first)
        let hash = try #require(pod["metadata"]["uid"].string)
        #expect(hash.count == 32)
        #expect(pod["metadata"]["name"] == "web-n1")
        #expect(pod["metadata"]["namespace"] == "default")
        let annotations = pod["metadata"]["annotations"]
        #expect(annotations["kubernetes.io/config.hash"].string == hash)
        #expect(annotations["kubernetes.io/config.source"] == "file")
        #expect(annotations["kubernetes.io/config.seen"] == "1970-01-01T00:00:01.000000000Z")
        #expect(pod["spec"]["nodeName"] == "n1")
        #expect(pod["spec"]["tolerations"] == [["effect": "NoExecute", "operator": "Exists"]])
        #expect(pod["spec"]["containers"][0]["imagePullPolicy"] == "IfNotPresent")
        let mirror = MirrorClient.mirror(of: pod)
        #expect(mirror["metadata"]["annotations"]["kubernetes.io/config.mirror"].string == hash)
        #expect(mirror["metadata"]["uid"].isNull)
        #expect(AdmittedPod.isCritical(pod))
    }

    @Test("the same file gives the same pod, a changed one another")
    func hashes() throws {
        func uid(_ text: String) throws -> String? { try Self.read(text).pods.first?["metadata"]["uid"].string }
        let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n" + Self.spec
        #expect(try uid(text) == uid(text))
        #expect(try uid(text) != uid(text + "  terminationGracePeriodSeconds: 1\n"))
    }

    @Test(
        "what is wrong in a file is told with file, line and field",
        arguments: [
            (
                "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  container: []\n", "m.yaml:5: ",
                "spec.container"
            ),
            ("apiVersion: v1\nkind: Service\nmetadata: {name: web}\n", "m.yaml:2: ", "expected a v1 Pod"),
            ("a: [\n", "m.yaml:", "yaml"), ("", "m.yaml: ", "found nothing"),
            (
                "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers: []\n", "m.yaml:5: ",
                "spec.containers"
            ),
            (
                "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n" + spec + "  serviceAccountName: x\n", "m.yaml:7: ",
                "static pods may not reference serviceaccounts"
            ),
            (
                "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n" + spec
                    + "  volumes:\n  - name: v\n    configMap: {name: c}\n", "m.yaml:9: ",
                "static pods may not reference configmaps"
            ),
        ])
    func refuses(_ text: String, _ place: String, _ part: String) {
        let fault = #expect(throws: StaticPodFile.Fault.self) { try Self.read(text) }
        #expect(fault?.description.hasPrefix(place) == true, "\(fault?.description ?? "")")
        #expect(fault?.description.contains(part) == true, "\(fault?.description ?? "")")
    }

    @Test("what a static pod's worker writes of its pod goes to the mirror, which keeps its own uid")
    func mirrors() async throws {
        let api = MemoryClient()
        let pod = try #require(
            try Self.read("apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n" + Self.spec).pods.first)
        let uids = MirrorUIDs()
        let client = MirrorClient(api: api, pod: pod, mirrors: uids)
        let uid = pod["metadata"]["uid"].string
        let written = try await client.update(.pods, namespace: "default", name: "web-n1", subresource: "status") {
            object in
            guard object["metadata"]["uid"].string == uid else { return false }
            object["status"] = ["phase": "Running"]
            return true
        }
        #expect(written?["metadata"]["uid"].string == uid)
        let mirror = try await api.get(.pods, namespace: "default", name: "web-n1")
        #expect(mirror["status"]["phase"] == "Running")
        #expect(mirror["metadata"]["uid"].string != uid)
        #expect(uids.resolve(mirror["metadata"]["uid"].string ?? "") == uid)
        try await client.delete(.pods, namespace: "default", name: "web-n1", gracePeriodSeconds: 0, uid: uid)
        #expect(try await api.find(.pods, namespace: "default", name: "web-n1") != nil)
    }

    static let spec = "spec:\n  containers:\n  - {name: c, image: \"busybox:1\"}\n"

    static func read(_ text: String) throws -> StaticPodFile {
        try StaticPodFile(text, path: "m.yaml", node: "n1", now: Timestamp(seconds: 1))
    }
}
