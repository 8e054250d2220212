import Glibc
import Testing

@testable import PintleVolumes

@Suite("hostPath types", .serialized)
struct HostPathTypeTests {
    /// One of each kind, by the name that the rows below use.
    private static func populate(_ node: TestNode) throws {
        try makeDirectory(node.host + "/directory")
        try write("text", to: node.host + "/file")
        try makeSocket(node.host + "/socket")
        try makeDevice(node.host + "/character", S_IFCHR, 1, 3)
        try makeDevice(node.host + "/block", S_IFBLK, 7, 200)
        for kind in ["directory", "file", "socket"] {
            try makeLink(to: kind, at: node.host + "/link-to-\(kind)")
        }
    }

    @Test(
        "what has the type appears at the target",
        arguments: [
            ("directory", HostPathType.directory), ("directory", .directoryOrCreate), ("directory", .unchecked),
            ("file", .file), ("file", .fileOrCreate), ("file", .unchecked), ("socket", .socket), ("socket", .unchecked),
            ("character", .characterDevice), ("block", .blockDevice), ("link-to-directory", .directory),
            ("link-to-file", .file), ("link-to-socket", .socket),
        ])
    func accepted(_ name: String, _ type: HostPathType) throws {
        try TestNode.run { node in
            try Self.populate(node)
            let path = node.host + "/" + name
            try node.volumes().publish(VolumeRequest(.hostPath(path, type), at: node.volume("v")))
            let real = name.hasPrefix("link-to-") ? node.host + "/" + name.dropFirst(8) : path
            #expect(try status(node.volume("v"))?.identity == status(real)?.identity)
            try node.volumes().unpublish(at: node.volume("v"), deletingData: true)
            #expect(!exists(node.volume("v")))
            #expect(exists(real))
        }
    }

    @Test(
        "what has another type is refused in Kubernetes' words, and nothing is left at the target",
        arguments: [
            ("file", HostPathType.directory, "is not a directory"), ("file", .directoryOrCreate, "is not a directory"),
            ("missing", .directory, "is not a directory"), ("directory", .file, "is not a file"),
            ("directory", .fileOrCreate, "is not a file"), ("socket", .file, "is not a file"),
            ("missing", .file, "is not a file"), ("file", .socket, "is not a socket file"),
            ("missing", .socket, "is not a socket file"), ("block", .characterDevice, "is not a character device"),
            ("missing", .characterDevice, "is not a character device"),
            ("character", .blockDevice, "is not a block device"), ("missing", .blockDevice, "is not a block device"),
        ])
    func refused(_ name: String, _ type: HostPathType, _ text: String) throws {
        try TestNode.run { node in
            try Self.populate(node)
            let path = node.host + "/" + name
            let volumes = try node.volumes()
            let error = failure { () throws(VolumeError) in
                try volumes.publish(VolumeRequest(.hostPath(path, type), at: node.volume("v")))
            }
            #expect(error?.code == .invalid)
            #expect(error?.reason == "HostPathTypeMismatch")
            #expect(error?.message == "hostPath type check failed: \(path) \(text)")
            #expect(!exists(node.volume("v")))
        }
    }

    @Test("what is missing is made with kubelet's modes, whatever the process' umask is")
    func creation() throws {
        try TestNode.run { node in
            let volumes = try node.volumes()
            let rows: [(String, HostPathType, UInt32)] = [
                ("one/two/three", .directoryOrCreate, 0o755), ("unchecked/too", .unchecked, 0o755),
                ("one/file", .fileOrCreate, 0o644),
            ]
            for (index, row) in rows.enumerated() {
                let path = node.host + "/" + row.0
                try volumes.publish(VolumeRequest(.hostPath(path, row.1), at: node.volume("v\(index)")))
                #expect(try mode(path) == row.2)
                #expect(try status(path)?.isFile == (row.1 == .fileOrCreate))
            }
            #expect(try mode(node.host + "/one/two") == 0o755)
            // kubelet makes no parents for a file.
            let orphan = node.host + "/nowhere/file"
            let error = failure { () throws(VolumeError) in
                try volumes.publish(VolumeRequest(.hostPath(orphan, .fileOrCreate), at: node.volume("orphan")))
            }
            #expect(error?.code == .notFound)
            #expect(!exists(node.host + "/nowhere"))
        }
    }

    @Test("a path must be absolute and without .., and only below allowed paths, links followed")
    func allowedPaths() throws {
        try TestNode.run { node in
            let allowed = node.host + "/allowed"
            try makeDirectory(allowed)
            try makeDirectory(allowed + "/inside")
            try makeDirectory(node.host + "/allowed-not")
            try makeDirectory(node.host + "/secret")
            try makeLink(to: allowed + "/inside", at: allowed + "/good")
            try makeLink(to: "../secret", at: allowed + "/bad")
            try makeLink(to: "../secret/new", at: allowed + "/dangling")
            try makeLink(to: "allowed", at: node.host + "/entry")
            let volumes = try node.volumes(allowing: [node.host + "/entry", "/nowhere"])
            for good in ["", "/inside", "/good", "/made/here"] {
                let type: HostPathType = good == "/made/here" ? .directoryOrCreate : .directory
                try volumes.publish(VolumeRequest(.hostPath(allowed + good, type), at: node.volume("good")))
                try volumes.unpublish(at: node.volume("good"), deletingData: true)
            }
            let rows: [(String, HostPathType, VolumeError.Code)] = [
                (node.host + "/secret", .directory, .permission), (allowed + "/bad", .directory, .permission),
                (node.host + "/allowed-not", .directory, .permission), ("/", .directory, .permission),
                (allowed + "/bad/new", .directoryOrCreate, .permission),
                (node.host + "/new", .directoryOrCreate, .permission),
                (node.host + "/new", .fileOrCreate, .permission), (allowed + "/dangling", .fileOrCreate, .invalid),
                (allowed + "/../secret", .directory, .invalid), ("relative", .directory, .invalid),
            ]
            for (path, type, code) in rows {
                let error = failure { () throws(VolumeError) in
                    try volumes.publish(VolumeRequest(.hostPath(path, type), at: node.volume("bad")))
                }
                #expect(error?.code == code, "\(path)")
                #expect(!exists(node.volume("bad")))
            }
            #expect(!exists(node.host + "/secret/new"))
            #expect(!exists(node.host + "/new"))
        }
    }
}
