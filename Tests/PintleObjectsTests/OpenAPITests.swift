import PintleObjects
import Testing

@Suite("OpenAPI documents")
struct OpenAPITests {
    private let resources = [
        OpenAPIResource(
            group: "", version: "v1", plural: "pods", kind: "Pod", isNamespaced: true,
            verbs: ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"],
            subresources: [
                .init(name: "status", group: "", version: "v1", kind: "Pod", verbs: ["get", "update", "patch"]),
                .init(name: "binding", group: "", version: "v1", kind: "Binding", verbs: ["create"]),
            ]),
        OpenAPIResource(
            group: "coordination.k8s.io", version: "v1", plural: "leases", kind: "Lease", isNamespaced: true,
            verbs: ["get", "list", "create"]),
    ]

    /// All references of a document, without the prefix.
    private func references(_ value: JSON, _ prefix: String, _ found: inout Set<String>) {
        if let text = value["$ref"].string, text.hasPrefix(prefix) {
            found.insert(String(text.dropFirst(prefix.count)))
        }
        for member in value.object?.members ?? [] { references(member.value, prefix, &found) }
        for element in value.array ?? [] { references(element, prefix, &found) }
    }

    @Test("every reference of the v2 document leads somewhere, and every definition is referred to")
    func v2References() throws {
        let document = OpenAPI.v2(resources: resources, version: "v1.36.2")
        var found: Set<String> = []
        references(document, "#/definitions/", &found)
        #expect(Set(try #require(document["definitions"].object).keys) == found)
        let pod = document["definitions"]["io.k8s.api.core.v1.Pod"]
        #expect(pod["x-kubernetes-group-version-kind"] == [["group": "", "kind": "Pod", "version": "v1"]])
        let spec = document["definitions"]["io.k8s.api.core.v1.PodSpec"]
        #expect(spec["required"] == ["containers"])
        #expect(spec["properties"]["containers"]["x-kubernetes-patch-merge-key"] == "name")
        #expect(spec["properties"]["containers"]["items"] == ["$ref": "#/definitions/io.k8s.api.core.v1.Container"])
        #expect(spec["properties"]["nodeSelector"]["additionalProperties"] == ["type": "string"])
        #expect(spec["properties"]["restartPolicy"]["description"].string?.isEmpty == false)
    }

    @Test("the v3 document of a group has its own paths and components only")
    func v3() throws {
        let document = OpenAPI.v3(
            group: "coordination.k8s.io", version: "v1", resources: resources, serverVersion: "v1.36.2")
        var found: Set<String> = []
        references(document, "#/components/schemas/", &found)
        #expect(Set(try #require(document["components"]["schemas"].object).keys) == found)
        #expect(
            document["paths"].object?.keys == [
                "/apis/coordination.k8s.io/v1/leases", "/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases",
                "/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases/{name}",
            ])
        let get = document["paths"]["/apis/coordination.k8s.io/v1/leases"]["get"]
        #expect(
            get["x-kubernetes-group-version-kind"] == [
                "group": "coordination.k8s.io", "kind": "Lease", "version": "v1",
            ])
        let spec = document["components"]["schemas"]["io.k8s.api.coordination.v1.Lease"]["properties"]["spec"]
        #expect(spec["allOf"] == [["$ref": "#/components/schemas/io.k8s.api.coordination.v1.LeaseSpec"]])
        #expect(found.contains("io.k8s.api.core.v1.Pod") == false)
    }

    @Test("operations have ids of their own and patch takes the parameters that kubectl looks for")
    func operations() throws {
        let document = OpenAPI.v2(resources: resources, version: "v1.36.2")
        var ids: [String] = []
        for (_, item) in try #require(document["paths"].object).members {
            for method in ["get", "put", "post", "delete", "patch"] {
                if let id = item[method]["operationId"].string { ids.append(id) }
            }
        }
        #expect(Set(ids).count == ids.count)
        #expect(ids.contains("listCoreV1PodForAllNamespaces") && ids.contains("patchCoreV1NamespacedPodStatus"))
        let patch = document["paths"]["/api/v1/namespaces/{namespace}/pods/{name}"]["patch"]
        let names = (patch["parameters"].array ?? []).compactMap { $0["name"].string }
        #expect(names.contains("dryRun") && names.contains("fieldValidation") && names.contains("body"))
        #expect(patch["consumes"].array?.contains("application/strategic-merge-patch+json") == true)
    }

    @Test("the index names each group once, and its hash changes with what is served")
    func index() {
        let index = OpenAPI.v3Index(resources: resources)
        #expect(index["paths"].object?.keys == ["api/v1", "apis/coordination.k8s.io/v1"])
        let all = OpenAPI.v3Hash(group: "", version: "v1", resources: resources)
        #expect(index["paths"]["api/v1"]["serverRelativeURL"] == "/openapi/v3/api/v1?hash=\(all)")
        #expect(OpenAPI.v3Hash(group: "", version: "v1", resources: []) != all)
    }

    @Test("the protobuf form says the same as the JSON form")
    func protobuf() throws {
        let document = OpenAPI.v2(resources: resources, version: "v1.36.2")
        let message = ProtobufMessage(OpenAPI.protobuf(v2: document))
        #expect(message.text(1) == "2.0")
        #expect(message.message(2)?.text(2) == "v1.36.2")
        let paths = try #require(message.message(8)).messages(2)
        #expect(paths.map { $0.text(1) } == document["paths"].object?.keys)
        let definitions = try #require(message.message(9)).messages(1)
        #expect(definitions.map { $0.text(1) } == document["definitions"].object?.keys)
        let pod = try #require(definitions.first { $0.text(1) == "io.k8s.api.core.v1.PodSpec" }?.message(2))
        #expect(pod.texts(19) == ["containers"])
        #expect(pod.message(22)?.text(1) == "object")
        let containers = try #require(pod.message(25)?.messages(1).first { $0.text(1) == "containers" }?.message(2))
        #expect(containers.message(23)?.message(1)?.text(1) == "#/definitions/io.k8s.api.core.v1.Container")
        let mergeKey = containers.messages(31).first { $0.text(1) == "x-kubernetes-patch-merge-key" }
        #expect(mergeKey?.message(2)?.text(2) == "\"name\"\n")
        let item = try #require(
            paths.first { $0.text(1) == "/api/v1/namespaces/{namespace}/pods/{name}" }?.message(2)?.message(8))
        let query = item.messages(8).compactMap { $0.message(1)?.message(2)?.message(3)?.text(4) }
        #expect(query.contains("dryRun"))
    }
}

/// Reads the length-delimited fields of a protobuf message.
private struct ProtobufMessage {
    private var fields: [(number: Int, bytes: ArraySlice<UInt8>)] = []

    init(_ bytes: [UInt8]) { self.init(bytes[...]) }

    private init(_ bytes: ArraySlice<UInt8>) {
        var rest = bytes
        func varint() -> Int {
            var value = 0
            var shift = 0
            while let byte = rest.popFirst() {
                value |= Int(byte & 0x7F) << shift
                shift += 7
                if byte < 0x80 { break }
            }
            return value
        }
        while rest.isEmpty == false {
            let key = varint()
            guard key & 7 == 2 else {
                _ = varint()
                continue
            }
            let length = varint()
            fields.append((key >> 3, rest.prefix(length)))
            rest = rest.dropFirst(length)
        }
    }

    func messages(_ number: Int) -> [ProtobufMessage] {
        fields.filter { $0.number == number }.map { ProtobufMessage($0.bytes) }
    }
    func message(_ number: Int) -> ProtobufMessage? { messages(number).first }
    func texts(_ number: Int) -> [String] {
        fields.filter { $0.number == number }.map { String(decoding: $0.bytes, as: UTF8.self) }
    }
    func text(_ number: Int) -> String? { texts(number).first }
}
