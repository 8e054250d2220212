import Glibc
import PintleInterfaces
import PintleSDK
import PintleSystem
import Testing

@testable import RuntimeNamespaceCore

@Suite("Values of the runtime driver")
struct ModelTests {
    @Test("both cgroup layouts are read from mountinfo")
    func layouts() {
        let hybrid = CgroupLayout(
            mountInfo: """
                22 27 0:21 / /proc rw - proc proc rw
                32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
                33 31 0:30 / /sys/fs/my\\040memory rw,relatime - cgroup cgroup rw,memory
                34 31 0:30 / /again rw,relatime - cgroup cgroup rw,memory
                40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd
                41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
                """)
        #expect(hybrid.hierarchies.map(\.controllers) == [["cpu", "cpuacct"], ["memory"], ["name=systemd"]])
        #expect(hybrid.mountPoint(of: "memory") == "/sys/fs/my memory")
        #expect(hybrid.unified == "/sys/fs/cgroup/unified")
        #expect(!hybrid.isUnified)
        let pure = CgroupLayout(mountInfo: "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate")
        #expect(pure.isUnified)
    }

    @Test(
        "shares become weights as other runtimes map them", arguments: [(2, 1), (1024, 39), (262_144, 10_000), (0, 1)])
    func weights(_ shares: Int64, _ weight: Int64) {
        #expect(Cgroups.weight(shares: shares) == weight)
    }

    @Test(
        "names and numbers of signals",
        arguments: [("SIGTERM", 15), ("KILL", 9), ("3", 3), ("RTMIN+3", 37), ("SIGRTMAX-1", 63)])
    func signals(_ name: String, _ number: Int32) {
        #expect(SignalName.number(name) == number)
    }

    @Test("what is no signal is none", arguments: ["", "SIG", "0", "65", "SIGFOO", "RTMIN-1", "RTMAX+1"])
    func noSignals(_ name: String) {
        #expect(SignalName.number(name) == nil)
    }

    @Test("fields are read back as they were written, and a cut-off rest is left out")
    func fields() {
        var fields = InfraFields()
        fields.add(5, "text")
        fields.add(9, UInt32(7))
        fields.add(10, UInt64.max)
        var nested = InfraFields()
        nested.add(1, Int32(-5))
        fields.add(11, nested)
        let read = Array(InfraFieldReader(fields.bytes))
        #expect(read.map(\.tag) == [5, 9, 10, 11])
        #expect(read[0].text == "text")
        #expect(read[1].u32 == 7)
        #expect(read[2].u64 == .max)
        #expect(Array(InfraFieldReader([UInt8](read[3].data))).first?.i32 == -5)
        #expect(Array(InfraFieldReader(fields.bytes.dropLast())).count == 3)
        // u16 tag 1, flags 0, length 0xffffffff
        #expect(Array(InfraFieldReader([1, 0, 0, 0, 255, 255, 255, 255, 0])).isEmpty)
    }

    @Test("records survive being written and read")
    func records() throws {
        var request = RuntimeRunSandboxRequest()
        request.id = "a"
        request.name = "pod"
        request.cgroupParent = "/x"
        request.labels = ["k": "v"]
        var resources = RuntimeResources()
        resources.unified = ["memory.high": "1"]
        resources.cpuQuotaUs = -1
        request.resources = resources
        let sandbox = SandboxRecord(request, bootID: "boot")
        #expect(SandboxRecord(json: sandbox.json) == sandbox)
        #expect(sandbox.namespaces.pid == .container)
        var create = RuntimeCreateContainerRequest()
        create.id = "c"
        create.logPath = "c/0.log"
        var mount = RuntimeMount()
        mount.containerPath = "/m"
        mount.propagation = .bidirectional
        create.mounts = [mount]
        let image = StoredImage(
            id: "sha256:1", repoTags: [], repoDigests: [], size: 1, created: 0, pulled: 0, layers: ["/l"],
            annotations: [:],
            config: ImageConfig())
        var container = ContainerRecord(create, sandbox: sandbox, image: image, layers: ["/l"], stopSignal: 15)
        container.user = ContainerRecord.User(uid: 1, gid: 2, groups: [3, 4])
        #expect(ContainerRecord(json: container.json) == container)
    }

    @Test("command and arguments follow Kubernetes' table")
    func commands() throws {
        var image = ImageConfig()
        image.entrypoint = ["entry"]
        image.cmd = ["default"]
        func arguments(_ command: [String], _ args: [String]) throws -> [String] {
            var request = RuntimeCreateContainerRequest()
            request.command = command
            request.args = args
            return try ContainerProcess(request, image: image, hostname: "").arguments
        }
        #expect(try arguments([], []) == ["entry", "default"])
        #expect(try arguments([], ["mine"]) == ["entry", "mine"])
        #expect(try arguments(["other"], []) == ["other"])
        #expect(try arguments(["other"], ["mine"]) == ["other", "mine"])
        #expect(throws: DriverFailure.self) {
            try ContainerProcess(RuntimeCreateContainerRequest(), image: ImageConfig(), hostname: "")
        }
    }

    @Test("a variable that is set again keeps its place and has the last value")
    func variables() throws {
        var image = ImageConfig()
        image.env = ["PATH=/bin", "A=1", "B=2"]
        var request = RuntimeCreateContainerRequest()
        request.command = ["x"]
        var variable = RuntimeEnvVar()
        variable.name = "A"
        variable.value = "3=4"
        request.env = [variable]
        #expect(
            try ContainerProcess(request, image: image, hostname: "h").environment == [
                "PATH=/bin", "HOSTNAME=h", "A=3=4", "B=2",
            ])
    }

    @Test("counters of interfaces are the columns that the kernel documents")
    func networkCounters() {
        let usage = NetworkCounters.parse(
            """
            Inter-|   Receive                                                |  Transmit
             face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
              eth0: 1000 10 1 0 0 0 0 0 2000 20 2 0 0 0 0 0
            """)
        #expect(usage.map(\.name) == ["eth0"])
        #expect(usage.first?.rxBytes == 1000)
        #expect(usage.first?.rxErrors == 1)
        #expect(usage.first?.txBytes == 2000)
        #expect(usage.first?.txErrors == 2)
    }

    @Test("the device filter of cgroup version 2 loads, and allows just what it is told")
    func deviceFilter() throws {
        let layout = try CgroupLayout.current()
        let root = try #require(layout.unified)
        let cgroup = "\(root)/pintle-device-test-\(getpid())"
        #expect(mkdir(cgroup, 0o755) == 0)
        defer { rmdir(cgroup) }
        func canRead(_ device: String) -> Bool {
            let script = "echo $$ > \(cgroup)/cgroup.procs && head -c 1 /dev/\(device) > /dev/null 2>&1"
            return Command.run(["/bin/sh", "-c", script]) == 0
        }
        let cgroups = Cgroups(layout: layout)
        try cgroups.attachFilter(
            cgroup,
            [
                DeviceRule(type: "c", major: 1, minor: 3, access: "rw"),
                DeviceRule(type: "c", major: 1, minor: 5, access: "r"),
            ])
        #expect(canRead("zero"))
        #expect(!canRead("full"))
        try cgroups.attachFilter(cgroup, DeviceRule.standard)
        #expect(canRead("full"))
        try cgroups.attachFilter(
            cgroup, [DeviceRule(type: "b", access: "rwm"), DeviceRule(type: "c", major: 1, minor: 3, access: "w")])
        #expect(!canRead("zero"))
        try cgroups.attachFilter(cgroup, [.all])
        #expect(canRead("zero"))
    }

    @Test("the default filter compiles, and no larger than the kernel takes")
    func filterCompiles() throws {
        let capabilities = try Capabilities(RuntimeSecurityContext())
        let program = try SeccompFilter().program(.standard(capabilities))
        #expect(program.count > 800)
        #expect(program.count % 8 == 0)
        #expect(program.count / 8 <= 4096)
    }
}
