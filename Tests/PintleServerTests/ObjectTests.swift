import NIOHTTP1
import PintleObjects
import Testing

@Suite("Objects over HTTP")
struct ObjectTests {
    @Test("an object can be created, read, listed, replaced, patched and deleted")
    func lifeOfAnObject() async throws {
        try await TestServer.run { server in
            let made = try await server.admin.post(configMaps, configMap("a"))
            #expect(made.status == 201)
            let metadata = made.json["metadata"]
            #expect(metadata["uid"].string?.count == 36)
            #expect(metadata["namespace"].string == "default")
            #expect(metadata["creationTimestamp"].string?.hasSuffix("Z") == true)
            let version = try #require(metadata["resourceVersion"].string)

            let read = try await server.admin.get("\(configMaps)/a")
            #expect(read.status == 200 && read.json == made.json)
            #expect(try await server.admin.get(configMaps).names == ["a", "kube-root-ca.crt"])

            var changed = made.json
            changed["data"]["v"] = "2"
            let replaced = try await server.admin.put("\(configMaps)/a", changed.description)
            #expect(replaced.status == 200 && replaced.json["data"]["v"].string == "2")
            #expect(replaced.json["metadata"]["uid"] == metadata["uid"])
            #expect(replaced.json["metadata"]["resourceVersion"].string != version)

            let stale = try await server.admin.put("\(configMaps)/a", changed.description)
            #expect(stale.status == 409 && stale.json["reason"].string == "Conflict")
            #expect(
                stale.message
                    == #"Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply "#
                    + "your changes to the latest version and try again")

            let merged = try await server.admin.patch("\(configMaps)/a", "merge-patch+json", #"{"data":{"w":"3"}}"#)
            #expect(merged.status == 200 && merged.json["data"] == ["v": "2", "w": "3"])
            let patched = try await server.admin.patch(
                "\(configMaps)/a", "json-patch+json", #"[{"op":"remove","path":"/data/v"}]"#)
            #expect(patched.status == 200 && patched.json["data"] == ["w": "3"])

            let deleted = try await server.admin.delete("\(configMaps)/a")
            #expect(deleted.status == 200 && deleted.json["status"].string == "Success")
            #expect(deleted.json["details"]["uid"] == metadata["uid"])
            #expect(try await server.admin.get("\(configMaps)/a").status == 404)
        }
    }

    @Test("a write that changes nothing keeps the resourceVersion")
    func noChange() async throws {
        try await TestServer.run { server in
            let made = try await server.admin.post(configMaps, configMap("a"))
            let again = try await server.admin.put("\(configMaps)/a", made.json.description)
            #expect(again.status == 200 && again.json == made.json)
        }
    }

    @Test("an update without a resourceVersion wins, except for leases")
    func unconditionalUpdate() async throws {
        try await TestServer.run { server in
            _ = try await server.admin.post(configMaps, configMap("a"))
            #expect(try await server.admin.put("\(configMaps)/a", configMap("a", "2")).status == 200)
            let leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
            let lease = #"{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"l"},"spec":{}}"#
            let made = try await server.admin.put("\(leases)/l", lease)
            #expect(made.status == 201, "PUT creates a lease")
            let blind = try await server.admin.put("\(leases)/l", lease)
            #expect(blind.status == 422)
            #expect(
                blind.message
                    == #"Lease.coordination.k8s.io "l" is invalid: metadata.resourceVersion: Invalid value: 0x0: "#
                    + "must be specified for an update")
        }
    }

    @Test("generateName adds five letters; dryRun writes nothing")
    func generatedNamesAndDryRun() async throws {
        try await TestServer.run { server in
            let body = #"{"metadata":{"generateName":"web-"}}"#
            let made = try await server.admin.post(configMaps, body)
            let name = try #require(made.json["metadata"]["name"].string)
            #expect(made.status == 201 && name.hasPrefix("web-") && name.count == 9)
            #expect(made.json["kind"].string == "ConfigMap" && made.json["apiVersion"].string == "v1")
            let dry = try await server.admin.post("\(configMaps)?dryRun=All", configMap("dry"))
            #expect(dry.status == 201 && dry.json["metadata"]["uid"].string != nil)
            #expect(try await server.admin.get("\(configMaps)/dry").status == 404)
            #expect(try await server.admin.request(.DELETE, "\(configMaps)/\(name)?dryRun=All").status == 200)
            #expect(try await server.admin.get("\(configMaps)/\(name)").status == 200)
            #expect(try await server.admin.post("\(configMaps)?dryRun=Some", configMap("dry")).status == 422)
        }
    }

    @Test("unknown fields are warned about, refused or dropped, as fieldValidation says")
    func fieldValidation() async throws {
        try await TestServer.run { server in
            let body = #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"NAME"},"data":{},"dota":{}}"#
            let warned = try await server.admin.post(configMaps, body.replacingName("a"))
            #expect(warned.status == 201)
            #expect(warned.headers["warning"] == [#"299 - "unknown field \"dota\"""#])
            let refused = try await server.admin.post(
                "\(configMaps)?fieldValidation=Strict", body.replacingName("b"))
            #expect(refused.status == 400)
            #expect(refused.message.hasSuffix(#"strict decoding error: unknown field "dota""#))
            let dropped = try await server.admin.post(
                "\(configMaps)?fieldValidation=Ignore", body.replacingName("c"))
            #expect(dropped.status == 201 && dropped.headers["warning"].isEmpty && dropped.json["dota"].isNull)
        }
    }

    @Test("protobuf bodies are read by the tags of the schema")
    func protobuf() async throws {
        @Sendable func field(_ tag: UInt8, _ bytes: [UInt8]) -> [UInt8] { [tag << 3 | 2, UInt8(bytes.count)] + bytes }
        @Sendable func text(_ tag: UInt8, _ value: String) -> [UInt8] { field(tag, Array(value.utf8)) }
        try await TestServer.run { server in
            let labels = field(11, text(1, "app") + text(2, "x"))
            let data = field(2, text(1, "key") + text(2, "value"))
            let binary = field(3, text(1, "b") + field(2, [0, 1, 2]))
            let object = field(1, text(1, "pb") + labels) + data + binary + [4 << 3, 1]
            let message = Array("k8s\0".utf8) + field(1, text(1, "v1") + text(2, "ConfigMap")) + field(2, object)
            let headers = [("Content-Type", "application/vnd.kubernetes.protobuf")]
            let body = String(decoding: message, as: UTF8.self)
            let made = try await server.admin.request(.POST, configMaps, body, headers)
            #expect(made.status == 201, "\(made.text)")
            #expect(made.json["metadata"]["labels"] == ["app": "x"] && made.json["data"] == ["key": "value"])
            #expect(made.json["binaryData"] == ["b": "AAEC"] && made.json["immutable"].bool == true)
            let cut = String(decoding: message.dropLast(3), as: UTF8.self)
            #expect(try await server.admin.request(.POST, configMaps, cut, headers).status == 400)
            #expect(try await server.admin.request(.POST, configMaps, "nonsense", headers).status == 400)
        }
    }

    @Test("bodies may be YAML, and answers too; protobuf answers are passed over")
    func yaml() async throws {
        try await TestServer.run { server in
            let text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: yam\ndata:\n  v: \"1\"\n"
            let made = try await server.admin.request(
                .POST, configMaps, text, [("Content-Type", "application/yaml"), ("Accept", "application/yaml")])
            #expect(made.status == 201, "\(made.text)")
            #expect(made.headers["content-type"] == ["application/yaml"])
            let answered = try JSON(yaml: made.text)
            #expect(answered["data"]["v"].string == "1")
            let unknown = [("Content-Type", "application/cbor")]
            #expect(try await server.admin.request(.POST, configMaps, "k8s", unknown).status == 415)
            let preferring = [("Accept", "application/vnd.kubernetes.protobuf,application/json")]
            let read = try await server.admin.get("\(configMaps)/yam", preferring)
            #expect(read.status == 200 && read.headers["content-type"] == ["application/json"])
            let only = [("Accept", "application/vnd.kubernetes.protobuf")]
            #expect(try await server.admin.get("\(configMaps)/yam", only).status == 406)
        }
    }

    @Test("a table has a row for each object, and partial metadata nothing but metadata")
    func otherShapes() async throws {
        try await TestServer.run { server in
            _ = try await server.admin.post(pods, pod("p"))
            let table = try await server.admin.get(
                pods, [("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json")])
            #expect(table.json["kind"].string == "Table" && table.json["apiVersion"].string == "meta.k8s.io/v1")
            let columns = (table.json["columnDefinitions"].array ?? []).compactMap { $0["name"].string }
            #expect(Array(columns.prefix(5)) == ["Name", "Ready", "Status", "Restarts", "Age"])
            let row = table.json["rows"][0]
            #expect(row["cells"][0].string == "p" && row["cells"][2].string == "Pending")
            #expect(row["object"]["kind"].string == "PartialObjectMetadata")
            #expect(row["cells"].array?.count == columns.count)
            let partial = try await server.admin.get(
                pods, [("Accept", "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io")])
            #expect(partial.json["kind"].string == "PartialObjectMetadataList")
            #expect(partial.items.count == 1 && partial.items[0]["spec"].isNull)
            let one = try await server.admin.get(
                "\(pods)/p", [("Accept", "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io")])
            #expect(one.json["kind"].string == "PartialObjectMetadata" && one.json["metadata"]["name"].string == "p")
        }
    }

    @Test("many writers of one object lose no update when each patches without a version")
    func concurrentPatches() async throws {
        try await TestServer.run { server in
            _ = try await server.admin.post(configMaps, configMap("a"))
            await withTaskGroup(of: Int.self) { group in
                for i in 0..<32 {
                    group.addTask {
                        let answer = try? await server.admin.patch(
                            "\(configMaps)/a", "merge-patch+json", #"{"data":{"k\#(i)":"1"}}"#)
                        return answer?.status ?? 0
                    }
                }
                for await status in group { #expect(status == 200) }
            }
            #expect(try await server.admin.get("\(configMaps)/a").json["data"].object?.count == 33)
        }
    }

    @Test("a collection is deleted by selector")
    func deleteCollection() async throws {
        try await TestServer.run { server in
            _ = try await server.admin.post(configMaps, configMap("a", labels: #"{"app":"x"}"#))
            _ = try await server.admin.post(configMaps, configMap("b", labels: #"{"app":"x"}"#))
            _ = try await server.admin.post(configMaps, configMap("c", labels: #"{"app":"y"}"#))
            let deleted = try await server.admin.delete("\(configMaps)?labelSelector=app%3Dx")
            #expect(deleted.status == 200 && deleted.names == ["a", "b"])
            #expect(try await server.admin.get(configMaps).names == ["c", "kube-root-ca.crt"])
        }
    }

    @Test("an object with finalizers goes when the last of them does")
    func finalizers() async throws {
        try await TestServer.run { server in
            let body = #"{"metadata":{"name":"f","finalizers":["example.com/hold"]}}"#
            _ = try await server.admin.post(configMaps, body)
            let deleted = try await server.admin.delete("\(configMaps)/f")
            #expect(deleted.status == 200 && deleted.json["metadata"]["deletionTimestamp"].string != nil)
            #expect(try await server.admin.get("\(configMaps)/f").status == 200)
            let freed = try await server.admin.patch(
                "\(configMaps)/f", "merge-patch+json", #"{"metadata":{"finalizers":null}}"#)
            #expect(freed.status == 200)
            #expect(try await server.admin.get("\(configMaps)/f").status == 404)
        }
    }
}

extension String {
    fileprivate func replacingName(_ name: String) -> String {
        split(separator: "NAME", omittingEmptySubsequences: false).joined(separator: name)
    }
}
