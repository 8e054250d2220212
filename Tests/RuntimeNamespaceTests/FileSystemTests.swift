import Glibc
import PintleInterfaces
import PintleSDK
import PintleSystem
import Testing

@testable import RuntimeNamespaceCore

extension RuntimeDriver {
    @Suite("A container's file system")
    struct FileSystemTests {
        private func bind(_ host: String, _ path: String, readonly: Bool = false) -> RuntimeMount {
            var mount = RuntimeMount()
            mount.hostPath = host
            mount.containerPath = path
            mount.readonly = readonly
            return mount
        }

        @Test("what a container writes is its own, and a restart begins anew")
        func writableLayer() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            #expect(try pod.output("echo mine > /tmp/file; cat /tmp/file") == "mine")
            #expect(try pod.output("ls /tmp") == "")
            #expect(!FileAccess.exists(node.directory + "/busybox/tmp/file"))
            try node.close()
        }

        @Test("a read-only root can't be written, volumes on it can")
        func readOnlyRoot() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            try FileAccess.makeDirectories(node.directory + "/volume")
            let output = try pod.output("touch /file 2>/dev/null || echo refused; touch /data/file && echo written") {
                var security = RuntimeSecurityContext()
                security.readonlyRootfs = true
                $0.security = security
                $0.mounts = [bind(node.directory + "/volume", "/data")]
            }
            #expect(output == "refused\nwritten")
            #expect(FileAccess.exists(node.directory + "/volume/file"))
            try node.close()
        }

        @Test("files and directories are mounted where they are wanted, also onto dangling links of the image")
        func binds() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            try FileAccess.replace(node.directory + "/resolv", Array("nameserver 10.0.0.1\n".utf8))
            try FileAccess.makeDirectories(node.directory + "/volume/below")
            let output = try pod.output(
                "cat /etc/resolv.conf; ls /deep/er/volume; touch /deep/er/volume/x 2>/dev/null || echo read-only; readlink /etc/resolv.conf"
            ) {
                $0.mounts = [
                    bind(node.directory + "/resolv", "/etc/resolv.conf"),
                    bind(node.directory + "/volume", "/deep/er/volume", readonly: true),
                ]
            }
            #expect(output == "nameserver 10.0.0.1\nbelow\nread-only\n../run/resolvconf/resolv.conf")
            #expect(!FileAccess.exists("/run/resolvconf/resolv.conf"), "a link of the image led to the node")
            try node.close()
        }

        @Test("no link of an image leads a mount out of the container")
        func linksStayInside() throws {
            let node = try TestNode()
            _ = symlink("/../../../../../../tmp", node.directory + "/busybox/escape")
            var build = RuntimeBuildImageRequest()
            build.rootfs = node.directory + "/busybox"
            build.reference = "evil:test"
            let image = try node.driver.buildImage(build, .unbounded).id
            let pod = try TestPod(node)
            try FileAccess.makeDirectories(node.directory + "/volume")
            let name = "pintle-escape-\(node.instance)"
            #expect(
                try pod.output("ls -d /tmp/\(name)") {
                    $0.image = image
                    $0.mounts = [bind(node.directory + "/volume", "/escape/\(name)")]
                } == "/tmp/\(name)")
            #expect(!FileAccess.exists("/tmp/\(name)"))
            try node.close()
        }

        @Test("a missing source is a StartError that names it, and nothing stays mounted")
        func missingSource() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let container = try pod.create("true") { $0.mounts = [bind("/no/such/place", "/data")] }
            let error = failure { try pod.start(container) }
            #expect(error?.reason == "StartError")
            #expect(error?.message.contains("/no/such/place") == true)
            try node.close()
        }

        @Test("/dev, /proc and /sys are there, dangerous parts of them hidden or read-only")
        func kernelFileSystems() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let output = try pod.output(
                """
                for f in null zero full random urandom tty ptmx; do test -c /dev/$f || echo no $f; done
                echo x > /dev/null; head -c 3 /dev/zero | wc -c; test -d /dev/pts && test -d /dev/mqueue && echo dirs
                readlink /dev/fd; touch /sys/x 2>/dev/null || echo sys; (echo 1 > /proc/sys/kernel/sysrq) 2>/dev/null || echo proc
                ls /sys/firmware | wc -l; ls /proc/acpi | wc -l; wc -c < /proc/keys
                (echo 1 > /proc/sysrq-trigger) 2>/dev/null || echo trigger
                """)
            #expect(output == "3\ndirs\n/proc/self/fd\nsys\nproc\n0\n0\n0\ntrigger")
            try node.close()
        }

        @Test("a container sees its own cgroup as the root, and can't write there")
        func cgroupView() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let output = try pod.output(
                "grep -v ':/$' /proc/self/cgroup | wc -l; ls /sys/fs/cgroup | wc -l; (echo 1 > /sys/fs/cgroup/pids/pids.max) 2>/dev/null || echo refused"
            )
            let lines = output.split(separator: "\n")
            #expect(lines.first == "0")
            #expect(Int(lines.dropFirst().first ?? "") ?? 0 > 1)
            #expect(lines.last == "refused")
            try node.close()
        }

        @Test("mounts of a container are not seen on the node")
        func nothingLeaks() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            _ = try pod.run("sleep 100")
            let table = try FileAccess.text("/proc/self/mountinfo")
            #expect(!table.contains(node.directory))
            try node.close()
        }

        @Test("a working directory that is missing is made")
        func workingDirectory() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            #expect(try pod.output("pwd") { $0.workingDir = "/some/where/new" } == "/some/where/new")
            try node.close()
        }

        @Test("with propagation HostToContainer later mounts of the node appear; Bidirectional wants a shared mount")
        func propagation() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let place = node.directory + "/shared"
            try FileAccess.makeDirectories(place + "/sub")
            #expect(mount(place, place, nil, UInt(MS_BIND), nil) == 0)
            #expect(mount(nil, place, nil, UInt(MS_SHARED), nil) == 0)
            var follows = bind(place, "/data")
            follows.propagation = .hostToContainer
            let container = try pod.run("while ! test -e /data/sub/late; do sleep 0.01; done; echo seen") {
                $0.mounts = [follows]
            }
            #expect(mount("tmpfs", place + "/sub", "tmpfs", 0, nil) == 0)
            try FileAccess.replace(place + "/sub/late", [])
            _ = try pod.finish(container)
            #expect(pod.text(container) == "seen")
            umount2(place + "/sub", Int32(MNT_DETACH))
            umount2(place, Int32(MNT_DETACH))
            var both = bind(node.directory + "/log", "/data")
            both.propagation = .bidirectional
            #expect(failure { _ = try pod.create("true") { $0.mounts = [both] } }?.reason == "InvalidMount")
            try node.close()
        }

        @Test("an image can be mounted as a volume")
        func imageVolume() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            var volume = RuntimeMount()
            volume.image = node.image
            volume.containerPath = "/image"
            #expect(
                try pod.output("ls /image; touch /image/x 2>/dev/null || echo read-only") { $0.mounts = [volume] }
                    == "bin\netc\nroot\ntmp\nread-only")
            try node.close()
        }

        @Test("a part of an image can be mounted; nothing in it runs, and no link leads out of it")
        func imageParts() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let image = try pod.image("parts") { root in
                try FileAccess.makeDirectories(root + "/deep/er")
                try FileAccess.replace(root + "/deep/er/file", Array("text".utf8), mode: 0o644)
                #expect(symlink("../../../../..", root + "/deep/out") == 0)
            }
            func volume(_ part: String, _ path: String = "/image") -> RuntimeMount {
                var volume = RuntimeMount()
                volume.image = image
                volume.imageSubPath = part
                volume.containerPath = path
                return volume
            }
            #expect(try pod.output("ls /image/er; cat /image/er/file") { $0.mounts = [volume("deep")] } == "file\ntext")
            #expect(try pod.output("cat /image") { $0.mounts = [volume("deep/er/file")] } == "text")
            #expect(
                try pod.output("ls /image") { $0.mounts = [volume("deep/out")] }.contains("deep"),
                "a link upwards ends at the image's root")
            #expect(
                try pod.output("/image/bin/busybox true || echo refused; touch /image/x || echo read-only") {
                    $0.mounts = [volume("")]
                }.contains("refused"))
            let missing = try pod.create("true") { $0.mounts = [volume("no/such")] }
            #expect(failure { try pod.start(missing) }?.message.contains("no/such") == true)
            let both = try TestPod(node, UserNamespaceTests.users)
            #expect(
                try both.output("stat -c %u /image/er/file") {
                    var mapped = volume("deep")
                    mapped.uidMappings = UserNamespaceTests.mapping()
                    mapped.gidMappings = UserNamespaceTests.mapping()
                    $0.mounts = [mapped]
                } == "0")
            try node.close()
        }

        @Test("read-only holds below a mount too when that is asked for, and only then")
        func recursiveReadOnly() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let place = node.directory + "/tree"
            try FileAccess.makeDirectories(place + "/sub")
            #expect(mount("tmpfs", place + "/sub", "tmpfs", 0, nil) == 0)
            defer { umount2(place + "/sub", Int32(MNT_DETACH)) }
            func output(_ isRecursive: Bool) throws -> String {
                var tree = bind(place, "/data", readonly: true)
                tree.recursiveReadonly = isRecursive
                return try pod.output(
                    "touch /data/x 2>/dev/null && echo top; touch /data/sub/x 2>/dev/null && echo below"
                ) {
                    $0.mounts = [tree]
                }
            }
            #expect(try output(false) == "below")
            #expect(try output(true) == "")
            umount2(place + "/sub", Int32(MNT_DETACH))
            try node.close()
        }
    }
}
