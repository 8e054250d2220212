import Glibc
import PintleInterfaces
import PintleSDK
import Testing

@testable import PintleVolumes

/// A host that offers nothing: the driver needs none of its services.
private struct SilentHost: HostServices {
    func log(_ level: LogLevel, _ message: String) {}
    func event(_ level: LogLevel, reason: String, _ message: String) {}
    func metric(_ name: String, add: Int64) {}
    var stateDirectory: Int32? { nil }
    func ledgerPut(kind: String, key: String, owner: String) throws {}
    func ledgerDelete(kind: String, key: String) throws {}
    func ledgerList(kind: String) throws -> [LedgerEntry] { [] }
}

@Suite("The storage driver's requests", .serialized)
struct LocalStorageTests {
    private static func driver(_ config: String) throws -> LocalStorage {
        try LocalStorage(OpenContext(config: Array(config.utf8), instanceID: "0a1b2c3d", host: SilentHost()))
    }

    private static func request(_ node: TestNode, _ name: String, _ context: [String: String]) -> StoragePublishRequest
    {
        var request = StoragePublishRequest()
        request.volumeId = "a/\(name)"
        request.targetPath = node.volume(name)
        request.volumeContext = context
        request.ephemeral = true
        return request
    }

    @Test("a pod's volumes are published, measured, listed and taken away")
    func life() throws {
        try TestNode.run { node in
            let driver = try Self.driver(#"{"podsDirectory": "\#(node.pods)", "allowedHostPaths": ["\#(node.host)"]}"#)
            #expect(try driver.probe(.unbounded).ready)
            #expect(try driver.info(.unbounded).name == "local.pintle.dev")
            #expect(try !driver.nodeInfo(.unbounded).nodeId.isEmpty)
            var disk = Self.request(node, "disk", ["type": "emptyDir"])
            disk.hasFsGroup = true
            disk.fsGroup = 2000
            let memory = Self.request(node, "memory", ["type": "emptyDir", "medium": "Memory", "sizeLimit": "2Mi"])
            let path = Self.request(
                node, "path", ["type": "hostPath", "path": node.host + "/new", "hostPathType": "DirectoryOrCreate"])
            for request in [disk, memory, path] {
                #expect(try driver.publish(request, .unbounded).path == request.targetPath)
            }
            #expect(try status(node.volume("disk"))?.group == 2000)
            var question = StorageStatsRequest()
            question.volumePath = node.volume("memory")
            let usage = try driver.stats(question, .unbounded).usage
            #expect(usage.map(\.unit) == [.bytes, .inodes])
            #expect(usage.first?.total == 2 << 20)
            var listed: [StoragePublishedVolume] = []
            try driver.listPublished(StoragePublishedFilter(), .unbounded) { listed.append($0) }
            #expect(listed.map(\.volumeId) == ["a/disk", "a/memory", "a/path"])
            #expect(listed.map(\.mounted) == [false, true, true])
            #expect(listed.map(\.targetPath) == ["disk", "memory", "path"].map(node.volume))
            for volume in listed {
                var request = StorageUnpublishRequest()
                request.volumeId = volume.volumeId
                request.targetPath = volume.targetPath
                request.deleteData = true
                try driver.unpublish(request, .unbounded)
            }
            #expect(try node.mounts(below: node.pods).isEmpty)
            #expect(!exists(node.volume("disk")))
            #expect(exists(node.host + "/new"))
            driver.close()
        }
    }

    @Test(
        "a request that can't be carried out says why",
        arguments: [
            (["type": "emptyDir", "medium": "HugePages-2Mi"], DriverFailure.Code.unsupported, "HugePages"),
            (["type": "emptyDir", "medium": "Paper"], .invalid, "InvalidMedium"),
            (["type": "emptyDir", "sizeLimit": "much"], .invalid, "InvalidSizeLimit"),
            (["type": "emptyDir", "sizeLimit": "-1"], .invalid, "InvalidSizeLimit"),
            (["type": "hostPath", "path": "/", "hostPathType": "Nothing"], .invalid, "InvalidHostPathType"),
            (["type": "hostPath"], .invalid, "InvalidHostPath"),
            (["type": "nfs"], .unsupported, "VolumeType"), ([:], .unsupported, "VolumeType"),
        ])
    func refusals(_ context: [String: String], _ code: DriverFailure.Code, _ reason: String) throws {
        try TestNode.run { node in
            let driver = try Self.driver(#"{"podsDirectory": "\#(node.pods)"}"#)
            do {
                _ = try driver.publish(Self.request(node, "v", context), .unbounded)
                Issue.record("it was accepted")
            } catch let failure as DriverFailure {
                #expect(failure.code == code)
                #expect(failure.reason == reason)
                #expect(!failure.message.isEmpty)
            }
            #expect(!exists(node.volume("v")))
        }
    }

    @Test("the pods directory follows from the data directory")
    func dataDirectory() throws {
        let driver = try Self.driver(#"{"dataDir": "/srv//node/", "podsDirectory": ""}"#)
        #expect(driver.volumes.configuration.podsDirectory == "/srv/node/pods")
        #expect(driver.volumes.configuration.allowedHostPaths == ["/"])
    }

    @Test(
        "a configuration without a place for volumes or with paths that are not plain is refused",
        arguments: [
            "{", "{}", #"{"podsDirectory": "pods"}"#, #"{"dataDir": "/a", "allowedHostPaths": ["/a/../b"]}"#,
        ])
    func configuration(_ text: String) throws {
        #expect(throws: DriverFailure.self) { _ = try Self.driver(text) }
    }
}
