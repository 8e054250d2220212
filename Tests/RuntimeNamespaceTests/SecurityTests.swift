import Glibc
import PintleInterfaces
import PintleSDK
import PintleSystem
import Testing

@testable import RuntimeNamespaceCore

extension RuntimeDriver {
    @Suite("Whom processes run as and what they may do")
    struct SecurityTests {
        private func security(
            _ change: (inout RuntimeSecurityContext) -> Void
        ) -> (inout RuntimeCreateContainerRequest) -> Void {
            var context = RuntimeSecurityContext()
            change(&context)
            let made = context
            return { $0.security = made }
        }

        @Test("users are looked up in the image's files, and reported")
        func users() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let named = try pod.run("id; echo $HOME", security { $0.runAsUsername = "bob" })
            let status = try pod.finish(named)
            #expect(pod.text(named) == "uid=1000(bob) gid=1000(bob) groups=29(audio),1000(bob)\n/home/bob")
            #expect(status.user?.uid == 1000)
            #expect(status.user?.supplementalGroups == [29, 1000])
            #expect(
                try pod.output(
                    "id",
                    security {
                        $0.hasRunAsUser = true; $0.runAsUser = 4000; $0.supplementalGroups = [7]
                    })
                    == "uid=4000 gid=0(root) groups=0(root),7")
            #expect(
                try pod.output(
                    "id",
                    security {
                        $0.hasRunAsUser = true; $0.runAsUser = 1000; $0.groupsPolicy = .strict
                    })
                    == "uid=1000(bob) gid=1000(bob) groups=1000(bob)")
            let missing = try pod.create("true", security { $0.runAsUsername = "nobody" })
            #expect(failure { try pod.start(missing) }?.message.contains("unable to find user nobody") == true)
            try node.close()
        }

        @Test("a process that is not root can write to its standard streams by name")
        func standardStreams() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            #expect(try pod.output("echo x > /dev/stdout", security { $0.runAsUsername = "bob" }) == "x")
            try node.close()
        }

        @Test("capabilities are the usual ones, with those added and without those dropped")
        func capabilities() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            func effective(_ change: (inout RuntimeSecurityContext) -> Void) throws -> String {
                let line = try pod.output("grep CapEff /proc/self/status", security(change))
                return String(line.split(separator: "\t").last ?? "")
            }
            #expect(try effective { _ in } == "00000000a80425fb")
            #expect(
                try effective {
                    $0.dropCapabilities = ["ALL"]; $0.addCapabilities = ["CAP_NET_ADMIN"]
                } == "0000000000001000")
            #expect(try effective { $0.dropCapabilities = ["net_raw"] } == "00000000a80405fb")
            #expect(
                try effective {
                    $0.hasRunAsUser = true; $0.runAsUser = 1000; $0.addAmbientCapabilities = ["NET_ADMIN"]
                }
                    == "0000000000001000")
            let error = failure { _ = try pod.create("true", security { $0.addCapabilities = ["FLY"] }) }
            #expect(error?.reason == "UnknownCapability")
            try node.close()
        }

        @Test("the default filter refuses mounts and namespaces; unconfined and privileged containers have none")
        func seccomp() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let script = "grep Seccomp: /proc/self/status; unshare -n true 2>/dev/null && echo unshared"
            #expect(try pod.output(script) == "Seccomp:\t2")
            let admin = security { $0.addCapabilities = ["SYS_ADMIN"] }
            #expect(try pod.output(script, admin) == "Seccomp:\t2\nunshared")
            let unconfined = security {
                var profile = RuntimeSecurityProfile()
                profile.type = .unconfined
                $0.seccomp = profile
            }
            #expect(try pod.output(script, unconfined) == "Seccomp:\t0")
            #expect(try pod.output(script, security { $0.privileged = true }) == "Seccomp:\t0\nunshared")
            try node.close()
        }

        @Test("a profile of the operator's own is read from its file")
        func localhostProfile() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let path = node.directory + "/profile.json"
            let profile = """
                {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
                 "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}]}
                """
            try FileAccess.replace(path, Array(profile.utf8))
            func local(_ path: String) -> (inout RuntimeCreateContainerRequest) -> Void {
                security {
                    var profile = RuntimeSecurityProfile()
                    profile.type = .localhost
                    profile.localhostRef = path
                    $0.seccomp = profile
                }
            }
            #expect(try pod.output("mkdir /tmp/x 2>&1", local(path)).contains("No space left"))
            #expect(failure { _ = try pod.create("true", local("/no/such")) }?.reason == "InvalidSeccompProfile")
            try node.close()
        }

        @Test("with no_new_privs the filter and the flag are both in force")
        func noNewPrivileges() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            #expect(
                try pod.output("grep -E 'NoNewPrivs|Seccomp:' /proc/self/status", security { $0.noNewPrivs = true })
                    == "NoNewPrivs:\t1\nSeccomp:\t2")
            try node.close()
        }

        @Test("only the usual devices can be opened, a privileged container opens all")
        func devices() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let script =
                "mknod /tmp/mem c 1 1; head -c 1 /tmp/mem >/dev/null 2>&1 && echo opened; echo x > /dev/null && echo null"
            #expect(try pod.output(script) == "null")
            var zero = RuntimeDevice()
            zero.hostPath = "/dev/zero"
            zero.containerPath = "/dev/mine"
            #expect(try pod.output("head -c 2 /dev/mine | wc -c") { $0.devices = [zero] } == "2")
            #expect(
                try pod.output(
                    "test -b /dev/vda -o -b /dev/sda -o -c /dev/kmsg && echo all", security { $0.privileged = true })
                    == "all")
            zero.hostPath = "/dev/no-such-device"
            #expect(failure { _ = try pod.create("true") { $0.devices = [zero] } }?.reason == "NoSuchDevice")
            try node.close()
        }

        @Test("limits of processes are set, as far as the node may")
        func limits() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            var files = RuntimeRlimit()
            files.name = "nofile"
            files.soft = 123
            files.hard = 456
            #expect(try pod.output("ulimit -n; ulimit -Hn") { $0.rlimits = [files] } == "123\n456")
            files.soft = 1 << 20
            files.hard = 1 << 20
            #expect(try Int(pod.output("ulimit -n") { $0.rlimits = [files] }) ?? 0 > 456)
            try node.close()
        }

        @Test("the infra process can't be looked into, and no container sees it")
        func infraIsHidden() throws {
            let node = try TestNode()
            let pod = try TestPod(node)
            let pid = try node.driver.sandbox(pod.id).record.pid
            let owner = try FileAccess.text("/proc/\(pid)/status")
            #expect(owner.contains("NSpid:\t\(pid)\n"), "the infra process is in another PID namespace")
            #expect(try !pod.output("ps").contains("pintle-infra"))
            let session = getsid(pid)
            #expect(session == pid)
            let groups = try FileAccess.text("/proc/\(pid)/cgroup").split(separator: "\n")
            #expect(groups.allSatisfy { $0.hasSuffix(pod.id) }, "it is not in the pod's cgroups everywhere")
            try node.close()
        }
    }
}
