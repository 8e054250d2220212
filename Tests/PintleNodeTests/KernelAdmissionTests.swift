import PintleObjects
import Testing

@testable import PintleNode

@Suite("What a node refuses to run")
struct KernelAdmissionTests {
    private static func pod(_ sysctl: String, _ more: JSON = [:]) -> JSON {
        var spec: JSON = ["securityContext": ["sysctls": [["name": .string(sysctl), "value": "1"]]]]
        for (key, value) in more.object?.members ?? [] { spec[key] = value }
        return ["spec": spec]
    }

    @Test(
        "safe parameters are let through, others only if the node allows them",
        arguments: [
            ("kernel.shm_rmid_forced", [], true), ("net/ipv4/tcp_syncookies", [], true),
            ("net.core.somaxconn", [], false), ("net.core.somaxconn", ["net.core.*"], true),
            ("kernel.msgmax", ["kernel.msg*"], true), ("kernel.pid_max", ["kernel.*"], false),
            ("net.ipv4.conf.all.forwarding", ["net.ipv4.conf"], false),
        ] as [(String, [String], Bool)])
    func sysctls(_ name: String, _ allowed: [String], _ passes: Bool) {
        let found = SysctlAdmission.check(pod: Self.pod(name), allowedUnsafe: allowed)
        #expect((found == nil) == passes)
    }

    @Test("a refusal has Kubernetes' reason and sentence")
    func sysctlMessage() throws {
        let found = try #require(SysctlAdmission.check(pod: Self.pod("kernel.hostname"), allowedUnsafe: []))
        #expect(found.reason == "SysctlForbidden")
        #expect(found.message == "forbidden sysctl: \"kernel.hostname\" not allowlisted")
        let host = try #require(
            SysctlAdmission.check(pod: Self.pod("net.ipv4.tcp_rmem", ["hostNetwork": true]), allowedUnsafe: []))
        #expect(host.message == "forbidden sysctl: \"net.ipv4.tcp_rmem\" not allowed with host net enabled")
    }

    @Test("a profile of AppArmor needs a kernel that has it, Unconfined does not")
    func appArmor() throws {
        func pod(_ type: String) -> JSON {
            ["spec": ["containers": [["securityContext": ["appArmorProfile": ["type": .string(type)]]]]]]
        }
        let found = try #require(AppArmorAdmission.check(pod: pod("RuntimeDefault"), isEnabled: false))
        #expect(found.reason == "AppArmor")
        #expect(found.message == "Cannot enforce AppArmor: AppArmor is not enabled on the host")
        #expect(AppArmorAdmission.check(pod: pod("RuntimeDefault"), isEnabled: true) == nil)
        #expect(AppArmorAdmission.check(pod: pod("Unconfined"), isEnabled: false) == nil)
        let old: JSON = [
            "metadata": ["annotations": ["container.apparmor.security.beta.kubernetes.io/a": "localhost/x"]]
        ]
        #expect(AppArmorAdmission.check(pod: old, isEnabled: false) != nil)
    }
}
