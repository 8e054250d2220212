import Glibc
import PintleInterfaces
import PintleSDK
import PintleSystem
import Testing

@testable import RuntimeNamespaceCore

extension RuntimeDriver {
    @Suite("Ways out of a container that have worked elsewhere")
    struct EscapeTests {
        private func bind(_ host: String, _ path: String) -> RuntimeMount {
            var mount = RuntimeMount()
            mount.hostPath = host
            mount.containerPath = path
            return mount
        }

        private func with(_ capabilities: [String]) -> (inout RuntimeCreateContainerRequest) -> Void {
            {
                var security = RuntimeSecurityContext()
                security.addCapabilities = capabilities
                $0.security = security
            }
        }

        @Test("no descriptor of the node is open, and none can be the working directory")
        func leakedDescriptors() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            for number in 0...16 {
                let container = try pod.create("pwd; ls") { $0.workingDir = "/proc/self/fd/\(number)" }
                let message = failure { try pod.start(container) }?.message ?? "it started"
                #expect(message.contains("chdir to cwd"), "descriptor \(number): \(message)")
            }
            let container = try pod.run("ls /proc/self/fd; sleep 100")
            // The fourth is the directory that is being listed.
            #expect(eventually { ["0\n1\n2", "0\n1\n2\n3"].contains(pod.text(container)) })
            let entered = try pod.exec(container, "ls -l /proc/self/fd")
            #expect(!entered.contains(" 4 -> ") && entered.contains(" 2 -> "), "\(entered)")
            try node.close()
        }

        @Test("the program that starts others can't be written, nor by a program that is itself")
        func ownProgram() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let before = try FileAccess.read(NativePrograms.infra)
            let image = try pod.image("evil") { root in
                try FileAccess.replace(root + "/bin/evil", Array("#!/proc/self/exe\n".utf8), mode: 0o755)
            }
            let container = try pod.run(
                """
                while :; do for p in /proc/[0-9]*; do
                  case $(readlink $p/exe) in */busybox|'') ;; *) (echo bad >> $p/exe) 2>/dev/null && echo wrote ;; esac
                done; done
                """
            ) { $0.image = image }
            for _ in 0..<20 {
                _ = try? pod.exec(container, ["/bin/evil"])
                _ = try pod.exec(container, "true")
            }
            #expect(pod.text(container) == "")
            #expect(try FileAccess.read(NativePrograms.infra) == before)
            try node.close()
        }

        @Test("a process that enters shows nothing of the node to those inside")
        func entering() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let container = try pod.run(
                """
                while :; do for p in /proc/[0-9]*; do
                  ls -d $p/root\(node.directory) $p/cwd/data 2>/dev/null
                  ls -l $p/fd 2>/dev/null | grep -E 'mnt:|pidfd|user:'
                  test -r $p/mem && (head -c 1 $p/mem) 2>/dev/null
                done; done
                """)
            for _ in 0..<40 { _ = try pod.exec(container, "true") }
            #expect(pod.text(container) == "")
            try node.close()
        }

        @Test("a link in the image's user files leads nowhere outside")
        func userFiles() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let secret = node.directory + "/secret"
            try FileAccess.replace(secret, Array("evil:x:0:0::/:/bin/sh\n".utf8), mode: 0o644)
            let image = try pod.image("links") { root in
                for file in ["passwd", "group"] {
                    unlink("\(root)/etc/\(file)")
                    #expect(symlink("../../../../../..\(secret)", "\(root)/etc/\(file)") == 0)
                }
            }
            let container = try pod.create("true") {
                $0.image = image
                var security = RuntimeSecurityContext()
                security.runAsUsername = "evil"
                $0.security = security
            }
            #expect(failure { try pod.start(container) }?.message.contains("unable to find user evil") == true)
            try node.close()
        }

        @Test("/proc and /sys are where they belong, or the container does not start", arguments: ["proc", "sys"])
        func kernelFileSystems(_ name: String) throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let image = try pod.image("linked-\(name)") { root in
                #expect(symlink("/tmp/elsewhere", "\(root)/\(name)") == 0)
            }
            let container = try pod.create("ls /tmp") { $0.image = image }
            let message = failure { try pod.start(container) }?.message ?? "it started"
            #expect(message.contains("mount target /\(name)"), "\(message)")
            try node.close()
        }

        @Test(
            "no volume takes the place of a part of /proc",
            arguments: ["/proc", "/proc/sys", "/x/../proc/self", "/proc/"])
        func mountsOnProc(_ path: String) throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            try FileAccess.makeDirectories(node.directory + "/volume")
            let error = failure { _ = try pod.create("true") { $0.mounts = [bind(node.directory + "/volume", path)] } }
            #expect(error?.reason == "InvalidMount")
            try node.close()
        }

        @Test("swapping a mount's target for a link, over and over, leads no mount to the node")
        func linkRace() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let volume = node.directory + "/volume"
            for directory in ["/volume/a", "/other"] { try FileAccess.makeDirectories(node.directory + directory) }
            let name = "pintle-race-\(node.instance)"
            let attacker = try pod.run(
                "cd /v; while :; do rm -rf a; ln -s ../../../../../.. a; rm a; ln -s /tmp a; rm a; mkdir a; done"
            ) { $0.mounts = [bind(volume, "/v")] }
            for _ in 0..<40 {
                let victim = try pod.create("true") {
                    $0.mounts = [bind(volume, "/v"), bind(node.directory + "/other", "/v/a/\(name)")]
                }
                try? pod.start(victim)
                _ = try pod.finish(victim)
                try pod.remove(victim)
            }
            for place in ["/", "/tmp/", "\(node.directory)/"] { #expect(!FileAccess.exists(place + name)) }
            let table = try FileAccess.text("/proc/self/mountinfo")
            #expect(!table.contains(name))
            _ = attacker
            try node.close()
        }

        @Test("no cgroup's release agent can be set, also not with CAP_SYS_ADMIN")
        func releaseAgent() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let script = """
                mkdir /tmp/c
                for c in memory pids cpu; do
                  mount -t cgroup -o $c cgroup /tmp/c 2>/dev/null || continue
                  test -e /tmp/c/release_agent && echo "$c has an agent"
                  mount -o remount,release_agent=/tmp/agent -t cgroup cgroup /tmp/c 2>/dev/null && echo "$c was given one"
                  busybox umount /tmp/c
                done
                mount -t cgroup -o none,name=evil,release_agent=/tmp/agent cgroup /tmp/c 2>/dev/null && echo new
                unshare -U -r true 2>/dev/null && echo user-namespace
                echo end
                """
            #expect(try pod.output(script) == "end")
            let powerful = try pod.output(script, with(["SYS_ADMIN"])).replacing("user-namespace\n", with: "")
            #expect(powerful == "end")
            try node.close()
        }

        @Test("what acts on the whole machine is refused")
        func machine() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let container = try pod.run(
                """
                exec 2>/dev/null
                (echo core > /proc/sys/kernel/core_pattern) && echo core_pattern
                (echo /bin/x > /proc/sys/kernel/modprobe) && echo modprobe
                (echo h > /proc/sysrq-trigger) && echo sysrq
                (echo /bin/x > /sys/kernel/uevent_helper) && echo uevent_helper
                mount -o remount,rw /proc/sys && echo remount-sys
                mount -t proc proc /tmp && echo proc
                mount -t tmpfs tmpfs /tmp && echo tmpfs
                unshare -m true && echo mount-namespace
                unshare -U true && echo user-namespace
                busybox nsenter -t 1 -m true && echo nsenter
                busybox chroot /proc/1/root true || echo no-chroot
                for d in "b 254 0" "b 8 0" "c 1 1" "c 1 4" "c 10 229"; do
                  mknod /tmp/d $d && (head -c 1 /tmp/d | wc -c | grep -q 1) && echo "device $d"; rm -f /tmp/d
                done
                test -s /proc/kcore && head -c 1 /proc/kcore | wc -c | grep 1
                busybox dmesg | head -n 1
                busybox ls /proc/keys && wc -c < /proc/keys
                """)
            _ = try pod.finish(container)
            #expect(pod.text(container) == "/proc/keys\n0")
            try node.close()
        }

        @Test("files that would gain rights on the way do not with no_new_privs")
        func setuid() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let image = try pod.image("setuid") { root in
                try FileAccess.replace(root + "/bin/su-id", FileAccess.read("/bin/busybox"), mode: 0o755)
                #expect(chmod(root + "/bin/su-id", 0o4755) == 0)
            }
            let output = try pod.output("su-id id -u; grep NoNewPrivs /proc/self/status") {
                $0.image = image
                var security = RuntimeSecurityContext()
                security.hasRunAsUser = true
                security.runAsUser = 1000
                security.noNewPrivs = true
                $0.security = security
            }
            #expect(output.contains("NoNewPrivs:\t1"))
            #expect(!output.hasPrefix("0"))
            try node.close()
        }
    }
}
