import Glibc
import PintleInterfaces
import PintleSDK
import PintleSystem
import Synchronization
import Testing

@testable import RuntimeNamespaceCore

/// A node for one test: a driver over directories of its own, with one image that holds busybox.
///
/// `close()` checks that nothing is left: process, mount, cgroup, directory of a sandbox.
final class TestNode: Sendable {
    let instance: String
    let directory: String
    let driver: RuntimeNamespace
    let image: String
    private let isClosed = Mutex(false)
    private static let counter = Mutex(0)

    init(shmBytes: Int = 64 << 20) throws {
        instance = String(format16(UInt32.random(in: .min ... .max)))
        directory = "/tmp/pintle-runtime-test-\(instance)"
        try FileAccess.makeDirectories(directory + "/log")
        driver = try Self.open(instance, directory)
        try Busybox.install(directory + "/busybox")
        var build = RuntimeBuildImageRequest()
        build.rootfs = directory + "/busybox"
        build.reference = "busybox:test"
        build.env = ["FROM_IMAGE=yes"]
        image = try driver.buildImage(build, .unbounded).id
    }

    /// A test that threw has not closed its node: whatever it left goes all the same.
    deinit {
        guard !isClosed.withLock({ $0 }) else { return }
        driver.close()
        if let fresh = try? Self.open(instance, directory) { try? close(fresh) }
    }

    static func open(_ instance: String, _ directory: String) throws -> RuntimeNamespace {
        let config = """
            {"dataDir": "\(directory)/data", "runDir": "\(directory)/run", "infra": "\(NativePrograms.infra)",
             "unpacker": "\(NativePrograms.unpack)"}
            """
        return try RuntimeNamespace(
            OpenContext(config: Array(config.utf8), instanceID: instance, host: SilentHost()))
    }

    /// What is mounted from or below the node's directory, as the machine sees it.
    private var mounts: [Substring] {
        ((try? FileAccess.text("/proc/self/mountinfo")) ?? "").split(separator: "\n").filter { $0.contains(directory) }
    }

    /// Removes everything through `driver` and checks that nothing is left.
    func close(_ other: RuntimeNamespace? = nil) throws {
        let driver = other ?? driver
        isClosed.withLock { $0 = true }
        for sandbox in try driver.all() {
            var ref = RuntimeSandboxRef()
            ref.id = sandbox.id
            try driver.removeSandbox(ref, .unbounded)
        }
        driver.close()
        #expect(FileAccess.names(in: directory + "/run/sandboxes").isEmpty, "sandbox directories are left")
        #expect(FileAccess.names(in: directory + "/data/runtime/containers").isEmpty, "writable layers are left")
        for place in driver.cgroups.directories("/pintle-\(instance)") {
            #expect(!FileAccess.exists(place), "the cgroup \(place) is left")
        }
        #expect(mounts.isEmpty, "mounts are left")
        #expect(processes().isEmpty, "processes are left")
        try TreeRemoval.remove(directory)
    }

    /// Infra processes of this node that have not ended, by the sandbox ids in their arguments.
    private func processes() -> [String] {
        FileAccess.names(in: "/proc").filter { name in
            guard Int32(name) != nil, let line = try? FileAccess.text("/proc/\(name)/cmdline") else { return false }
            return line.hasPrefix("pintle-infra") && line.contains(String(repeating: instance, count: 7))
        }
    }

    /// An id that carries the node's.
    func identifier() -> String {
        let number = Self.counter.withLock { counter -> Int in
            counter += 1
            return counter
        }
        return String(repeating: instance, count: 7) + format16(UInt32(number))
    }
}

/// Eight hexadecimal digits.
private func format16(_ value: UInt32) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: 8 - text.count) + text
}

extension RuntimeNamespace {
    func all() throws -> [RuntimeSandboxStatus] {
        var list: [RuntimeSandboxStatus] = []
        try listSandboxes(RuntimeSandboxFilter(), .unbounded) { list.append($0) }
        return list
    }
}

/// A host that keeps silent.
final class SilentHost: HostServices {
    func log(_ level: LogLevel, _ message: String) {}
    func event(_ level: LogLevel, reason: String, _ message: String) {}
    func metric(_ name: String, add: Int64) {}
    var stateDirectory: Int32? { nil }
    func ledgerPut(kind: String, key: String, owner: String) throws {}
    func ledgerDelete(kind: String, key: String) throws {}
    func ledgerList(kind: String) throws -> [LedgerEntry] { [] }
}

/// The C programs, built once.
enum NativePrograms {
    private static let root: String = {
        // This file may be reached through a link; the sources lie beside the real one.
        guard let resolved = realpath(#filePath, nil) else { return "" }
        defer { free(resolved) }
        return String(cString: resolved).split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
            .joined(separator: "/")
    }()

    static let infra = build("infra") + "/pintle-infra"
    static let unpack = build("unpack") + "/pintle-unpack"

    private static func build(_ name: String) -> String {
        let output = "\(root)/.build/native"
        let status = Command.run(["/usr/bin/make", "-s", "-C", "\(root)/Native/\(name)", "OUT=\(output)"])
        #expect(status == 0, "Native/\(name) does not build")
        return output
    }
}

/// Runs programs of the machine.
enum Command {
    static func run(_ arguments: [String]) -> Int32 {
        var pid: pid_t = 0
        let list = arguments.map { strdup($0) } + [nil]
        defer { for argument in list { free(argument) } }
        guard posix_spawn(&pid, arguments[0], nil, nil, list, environ) == 0 else { return -1 }
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        return status
    }
}

/// A root file system of Debian's busybox-static.
enum Busybox {
    static let applets = [
        "sh", "true", "false", "cat", "echo", "sleep", "id", "ls", "ps", "mount", "hostname", "env", "stty", "tty",
        "head",
        "seq", "dd", "nc", "wc", "kill", "test", "mkdir", "touch", "stat", "readlink", "grep", "date", "chmod",
        "unshare",
        "pwd", "printf", "trap", "yes", "df", "ln", "rm", "sync", "mknod", "sort", "tr", "usleep",
    ]

    static func install(_ root: String) throws {
        for folder in ["bin", "etc", "tmp", "root"] { try FileAccess.makeDirectories("\(root)/\(folder)") }
        try FileAccess.replace("\(root)/bin/busybox", FileAccess.read("/bin/busybox"), mode: 0o755)
        for applet in applets { _ = symlink("busybox", "\(root)/bin/\(applet)") }
        let passwd = "root:x:0:0:root:/root:/bin/sh\nbob:x:1000:1000:Bob:/home/bob:/bin/sh\n"
        try FileAccess.replace("\(root)/etc/passwd", Array(passwd.utf8), mode: 0o644)
        try FileAccess.replace("\(root)/etc/group", Array("root:x:0:\nbob:x:1000:\naudio:x:29:bob\n".utf8), mode: 0o644)
        // As in many images: the target of a mount is a link to what is not there.
        _ = symlink("../run/resolvconf/resolv.conf", "\(root)/etc/resolv.conf")
    }
}
