import Glibc
import PintleInterfaces
import PintleSDK
import PintleSystem
import Testing

@testable import RuntimeNamespaceCore

extension RuntimeDriver {
    @Suite("Pods with users of their own")
    struct UserNamespaceTests {
        static let base: Int64 = 1_310_720_000

        static func mapping(_ base: Int64 = base) -> [RuntimeIdMapping] {
            var mapping = RuntimeIdMapping()
            mapping.hostId = base
            mapping.length = 65_536
            return [mapping]
        }

        static func users(_ request: inout RuntimeRunSandboxRequest) {
            var user = RuntimeUserNamespace()
            user.mode = .pod
            user.uids = mapping()
            user.gids = mapping()
            request.namespaces?.user = user
        }

        static func mount(_ host: String, _ path: String) -> RuntimeMount {
            var mount = RuntimeMount()
            mount.hostPath = host
            mount.containerPath = path
            mount.uidMappings = mapping()
            mount.gidMappings = mapping()
            return mount
        }

        @Test("root inside is nobody outside, and what it owns looks like root's to it")
        func root() throws {
            let node = try TestNode()
            let pod = try TestPod(node, Self.users)
            let container = try pod.run(
                """
                id -u; cat /proc/self/uid_map | tr -s ' '; stat -c %u:%g / /bin/busybox /dev /dev/pts/ptmx | sort -u
                touch /new && stat -c %u /new; echo x >> /etc/passwd && stat -c %u /etc/passwd; chmod 700 /tmp && echo mine
                hostname; sleep 100
                """)
            let pid = try pod.status(container).pid
            #expect(eventually { pod.text(container).hasSuffix("pod") })
            let lines = pod.text(container).split(separator: "\n")
            #expect(lines.first == "0")
            #expect(lines.dropFirst().first == " 0 \(Self.base) 65536")
            #expect(pod.text(container).contains("0:0\n"))
            #expect(pod.text(container).contains("\n0\n0\nmine\n"), "\(pod.text(container))")
            let status = try FileAccess.text("/proc/\(pid)/status")
            #expect(status.contains("Uid:\t\(Self.base)\t\(Self.base)\t\(Self.base)\t\(Self.base)\n"))
            for kind in ["user", "net", "mnt", "pid", "ipc", "uts"] {
                #expect(readlink("/proc/\(pid)/ns/\(kind)") != readlink("/proc/self/ns/\(kind)"), "\(kind)")
            }
            try node.close()
        }

        @Test("a volume shows its owners unchanged on both sides")
        func volumes() throws {
            let node = try TestNode()
            let pod = try TestPod(node, Self.users)
            let volume = node.directory + "/volume"
            try FileAccess.makeDirectories(volume)
            try FileAccess.replace(volume + "/file", Array("text".utf8), mode: 0o600)
            #expect(chown(volume + "/file", 1000, 1000) == 0)
            let output = try pod.output(
                "stat -c %u /data /data/file; echo new > /data/made; stat -c %u /data/made; cat /data/file; echo; touch /host/x || echo refused"
            ) {
                var plain = RuntimeMount()
                plain.hostPath = volume
                plain.containerPath = "/host"
                $0.mounts = [Self.mount(volume, "/data"), plain]
            }
            #expect(output.hasPrefix("0\n1000\n0\ntext\n"))
            #expect(output.hasSuffix("refused"), "a volume that is not shifted belongs to nobody: \(output)")
            var info = stat()
            #expect(stat(volume + "/made", &info) == 0 && info.st_uid == 0)
            try node.close()
        }

        @Test("a process of an exec session and of a shared process tree has the pod's users too")
        func sessions() throws {
            let node = try TestNode()
            let pod = try TestPod(node) {
                Self.users(&$0)
                $0.namespaces?.pid = .pod
            }
            let container = try pod.run("sleep 100")
            let other = try pod.run("usleep 100000; ps | grep -c 'sleep 100'; id")
            _ = try pod.finish(other)
            #expect(pod.text(other).contains("uid=0(root)"))
            let session = try pod.exec(
                container, "id -u; cat /proc/self/uid_map | tr -s ' '; grep CapEff /proc/self/status")
            #expect(session.contains(" 0 \(Self.base) 65536"), "\(session)")
            try node.close()
        }

        @Test("users beyond the pod's are refused with a sentence; maps of another kind as well")
        func refusals() throws {
            let node = try TestNode()
            let pod = try TestPod(node, Self.users)
            let container = try pod.create("true") {
                var security = RuntimeSecurityContext()
                security.hasRunAsUser = true
                security.runAsUser = 70_000
                $0.security = security
            }
            #expect(failure { try pod.start(container) }?.message.contains("outside the pod's user namespace") == true)
            #expect(
                failure {
                    _ = try pod.create("true") {
                        var mount = Self.mount("/tmp", "/data")
                        mount.uidMappings = Self.mapping(5)
                        $0.mounts = [mount]
                    }
                }?.reason == "InvalidMount")
            let network = failure {
                _ = try TestPod(node) {
                    Self.users(&$0)
                    $0.namespaces?.network = .node
                }
            }
            #expect(network?.reason == "InvalidUserNamespace")
            let none = failure {
                _ = try TestPod(node) {
                    Self.users(&$0)
                    $0.namespaces?.user?.uids = []
                }
            }
            #expect(none?.reason == "InvalidUserNamespace")
            try node.close()
        }

        @Test("a file system that can't shift owners is named")
        func unsupported() throws {
            let node = try TestNode()
            let pod = try TestPod(node, Self.users)
            let container = try pod.create("true") { $0.mounts = [Self.mount("/sys/kernel", "/data")] }
            let message = failure { try pod.start(container) }?.message ?? ""
            #expect(message.contains("idmapped mount") && message.contains("/sys/kernel"), "\(message)")
            try node.close()
        }

        @Test("parameters are the pod's, ids in them too")
        func sysctls() throws {
            let node = try TestNode()
            let pod = try TestPod(node) {
                Self.users(&$0)
                $0.sysctls = ["net.ipv4.ping_group_range": "0 1000", "kernel.shm_rmid_forced": "1"]
            }
            #expect(
                try pod.output(
                    "cat /proc/sys/net/ipv4/ping_group_range /proc/sys/kernel/shm_rmid_forced | tr '\\t' ' '")
                    == "0 1000\n1")
            try node.close()
        }

        @Test("a privileged container is powerful in the pod and powerless outside")
        func privileged() throws {
            let node = try TestNode()
            let pod = try TestPod(node, Self.users)
            let output = try pod.output(
                """
                mount -t tmpfs none /tmp && echo mounted; mknod /mem c 1 1 2>/dev/null || echo no-device
                (echo x > /proc/sys/kernel/core_pattern) 2>/dev/null || echo no-pattern
                (echo 1 > /proc/sysrq-trigger) 2>/dev/null || echo no-trigger
                """
            ) {
                var security = RuntimeSecurityContext()
                security.privileged = true
                $0.security = security
            }
            #expect(output == "mounted\nno-device\nno-pattern\nno-trigger")
            try node.close()
        }

        private func readlink(_ path: String) -> String {
            var buffer = [CChar](repeating: 0, count: 256)
            let count = Glibc.readlink(path, &buffer, buffer.count)
            return String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }
}
