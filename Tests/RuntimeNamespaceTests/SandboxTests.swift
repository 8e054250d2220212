import Glibc
import PintleInterfaces
import PintleSDK
import PintleSystem
import Testing

@testable import RuntimeNamespaceCore

extension RuntimeDriver {
    @Suite("Sandboxes")
    struct SandboxTests {
        @Test("the same id and request again is the same sandbox, another request is refused")
        func isIdempotent() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let again = try node.driver.runSandbox(pod.request, .unbounded)
            close(again.netnsFd)
            #expect(again.pid == Int64(try node.driver.sandbox(pod.id).record.pid))
            var other = pod.request
            other.name = "other"
            #expect(failure { _ = try node.driver.runSandbox(other, .unbounded) }?.code == .alreadyExists)
            try node.close()
        }

        @Test("a pod has a network of its own with loopback up, its host name, and shares memory among containers")
        func namespaces() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let output = try pod.output(
                "hostname; echo $HOSTNAME; cat /proc/net/dev | grep -c :; grep -q UP /sys/class/net/lo/flags; echo shared > /dev/shm/x; cat /sys/class/net/lo/flags"
            )
            #expect(output.split(separator: "\n") == ["pod", "pod", "1", "0x9"])
            #expect(try pod.output("cat /dev/shm/x; df -P /dev/shm | grep -c ' /dev/shm'") == "shared\n1")
            try node.close()
        }

        @Test("a pod in the node's network has the node's links and name")
        func nodeNetwork() throws {
            let node = try TestNode()
            let pod = try TestPod(node) {
                $0.namespaces?.network = .node; $0.hostname = ""
            }
            #expect(pod.network == 0)
            var name = [CChar](repeating: 0, count: 65)
            gethostname(&name, 65)
            let expected = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            #expect(try pod.output("hostname") == expected)
            #expect(try pod.output("readlink /proc/self/ns/net") == Self.link("/proc/self/ns/net"))
            try node.close()
        }

        @Test("containers have process trees of their own, unless the pod shares one or uses the node's")
        func processTrees() throws {
            let node = try TestNode()
            let own = try TestPod(node)
            #expect(try own.output("echo $$") == "1")
            let shared = try TestPod(node) { $0.namespaces?.pid = .pod }
            let sleeper = try shared.run("sleep 100 & exec sleep 100")
            let listed = try shared.output("ps") { $0.name = "second" }
            #expect(listed.contains("pintle-pause"))
            #expect(listed.contains("sleep 100"))
            try shared.stop(sleeper, grace: 0)
            #expect(try !shared.output("ps").contains("sleep 100"), "processes outlive their container")
            let host = try TestPod(node) { $0.namespaces?.pid = .node }
            #expect(try host.output("readlink /proc/self/ns/pid") == Self.link("/proc/self/ns/pid"))
            try node.close()
        }

        @Test("the pause process of a shared tree holds no capability and sees nothing of the node")
        func pauseProcess() throws {
            let node = try TestNode()
            let pod = try TestPod(node) { $0.namespaces?.pid = .pod }
            let output = try pod.output(
                "grep -E 'Cap(Prm|Eff|Bnd)' /proc/1/status; ls /proc/1/root /proc/1/fd 2>&1 | grep -c -v denied"
            ) {
                $0.name = "main"
            }
            #expect(output.split(separator: "\n").dropLast().allSatisfy { $0.hasSuffix("0000000000000000") })
            try node.close()
        }

        @Test("kernel parameters of the pod's namespaces are set, others are refused and leave nothing")
        func sysctls() throws {
            let node = try TestNode()
            let pod = try TestPod(node) { $0.sysctls = ["net.ipv4.ip_unprivileged_port_start": "80"] }
            #expect(try pod.output("cat /proc/sys/net/ipv4/ip_unprivileged_port_start") == "80")
            let error = failure { _ = try TestPod(node) { $0.sysctls = ["net.no.such": "1"] } }
            #expect(error?.message.contains("sysctl") == true)
            #expect(try node.driver.all().count == 1)
            try node.close()
        }

        @Test("a stopped sandbox has no process and takes no container; stopping and removing again succeed")
        func stops() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let container = try pod.run("sleep 100")
            var ref = RuntimeSandboxRef()
            ref.id = pod.id
            try node.driver.stopSandbox(ref, .unbounded)
            try node.driver.stopSandbox(ref, .unbounded)
            #expect(try pod.status(container).state == .exited)
            #expect(try pod.status(container).exitCode == 137)
            #expect(failure { _ = try pod.create("true") }?.code == .conflict)
            #expect(failure { _ = try node.driver.runSandbox(pod.request, .unbounded) }?.code == .conflict)
            #expect(try node.driver.all().first?.state == .notReady)
            try node.driver.removeSandbox(ref, .unbounded)
            try node.driver.removeSandbox(ref, .unbounded)
            #expect(try node.driver.all().isEmpty)
            try node.close()
        }

        @Test("when the infra process dies, its containers die, and the pod says why")
        func infraDies() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let container = try pod.run("sleep 100")
            let process = try pod.status(container).pid
            kill(pid_t(try node.driver.sandbox(pod.id).record.pid), SIGKILL)
            let status = try pod.finish(container)
            #expect(status.reason == "ContainerStatusUnknown")
            #expect(status.message.contains("infra process"))
            #expect(eventually { (try? node.driver.all().first?.reason) == "InfraProcessDied" })
            #expect(eventually { kill(pid_t(process), 0) != 0 || Self.isZombie(process) })
            try node.close()
        }

        @Test("a malformed id is refused", arguments: ["", "x", String(repeating: "A", count: 64), "../../etc"])
        func identifiers(_ id: String) throws {
            let node = try TestNode()
            #expect(failure { _ = try TestPod(node) { $0.id = id } }?.code == .invalid)
            try node.close()
        }

        static func isZombie(_ pid: Int64) -> Bool {
            ((try? FileAccess.text("/proc/\(pid)/stat")) ?? ") Z").contains(") Z")
        }

        static func link(_ path: String) -> String {
            var buffer = [CChar](repeating: 0, count: 256)
            let count = readlink(path, &buffer, 255)
            return String(decoding: buffer.prefix(max(0, count)).map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
    }
}
