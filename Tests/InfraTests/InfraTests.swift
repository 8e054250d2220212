import CPintleSystem
import Glibc
import PintleSystem
import Testing

@testable import RuntimeNamespaceCore

@Suite("The infra process", .serialized)
struct InfraTests {
    @Test("a host of a newer minor version is answered with this one, one of another major is refused")
    func versions() throws {
        let infra = try RawInfra(InfraPrograms.current)
        let ours = UInt32(PINTLE_INFRA_MAJOR << 16 | PINTLE_INFRA_MINOR)
        #expect(try infra.hello(1 << 16 | 9).version == ours)
        try infra.reconnect()
        #expect(try infra.hello(1 << 16).version == 1 << 16)
        try infra.reconnect()
        let refused = try infra.hello(2 << 16)
        #expect(refused.status == EPROTONOSUPPORT)
        #expect(refused.version == ours)
    }

    @Test("nothing is done for a connection that has not said HELLO")
    func greetingFirst() throws {
        let infra = try RawInfra(InfraPrograms.current)
        infra.send(PINTLE_INFRA_SHUTDOWN, InfraFields())
        #expect(infra.answer()?.status == EPROTO)
        #expect(infra.isWell)
    }

    @Test("its socket is root's alone, and it can't be looked into")
    func isPrivate() throws {
        let infra = try RawInfra(InfraPrograms.current)
        var info = stat()
        #expect(stat(infra.directory + "/control", &info) == 0)
        #expect(info.st_mode & 0o777 == 0o600)
        // Files of a process that is not dumpable belong to root, whoever it runs as; its memory map can't be read by others.
        #expect(try FileAccess.text("/proc/\(infra.pid)/cmdline").hasPrefix("pintle-infra"))
        #expect(getsid(infra.pid) == infra.pid || getpgid(infra.pid) == infra.pid)
    }

    @Test("signals of terminals and shutdowns do not end it")
    func signals() throws {
        let infra = try RawInfra(InfraPrograms.current)
        for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGUSR1, SIGPIPE] { kill(infra.pid, number) }
        usleep(50_000)
        #expect(infra.isWell)
    }

    @Test(
        "packets whose lengths lie end their connection and nothing else",
        arguments: [
            [],  // below: an empty packet can't be sent; it stands for closing at once
            [1],
            [1, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],  // 15 bytes
            [1, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0],  // says one byte of fields, has none
            [1, 0, 0, 0, 7, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0],  // says 4 GiB
        ] as [[UInt8]])
    func brokenHeads(_ bytes: [UInt8]) throws {
        let infra = try RawInfra(InfraPrograms.current)
        try infra.hello()
        infra.send(bytes)
        if !bytes.isEmpty { #expect(infra.receive() == nil) }
        #expect(infra.isWell)
    }

    @Test("fields that are cut off, of the wrong size or not text are refused")
    func brokenFields() throws {
        let infra = try RawInfra(InfraPrograms.current)
        try infra.hello()
        func refused(_ fields: [UInt8], _ status: Int32, kind: Int = PINTLE_INFRA_SIGNAL) {
            var packet = InfraPacket(kind: kind, request: 7)
            packet.fields = fields
            infra.send(packet.bytes)
            #expect(infra.answer()?.status == status, "\(fields)")
        }
        refused([5, 0, 0, 0], EINVAL)  // a field's head, cut off
        refused([5, 0, 0, 0, 255, 255, 255, 255, 1], EINVAL)  // tag 5, length 4 GiB
        refused([5, 0, 0, 0, 2, 0, 0, 0, 65, 66], EINVAL)  // ID without NUL
        refused([5, 0, 0, 0, 3, 0, 0, 0, 65, 0, 0], EINVAL)  // ID with two NULs
        refused([5, 0, 0, 0, 0, 0, 0, 0], EINVAL)  // ID of no bytes
        refused([13, 0, 0, 0, 2, 0, 0, 0, 9, 0], EINVAL)  // EXIT_SIGNAL of two bytes
        refused([231, 3, 1, 0, 0, 0, 0, 0], EOPNOTSUPP)  // tag 999, required
        refused([231, 3, 0, 0, 0, 0, 0, 0], 0)  // tag 999, not required; and no such id
        refused([], EOPNOTSUPP, kind: 99)
        var long = InfraFields()
        long.add(PINTLE_INFRA_ID, String(repeating: "x", count: 200))
        refused(long.bytes, EINVAL)
        #expect(infra.isWell)
    }

    @Test("random packets do not end it, and descriptors that come along are closed")
    func noise() throws {
        let infra = try RawInfra(InfraPrograms.current)
        try infra.hello()
        let before = infra.openDescriptors
        var generator = SystemRandomNumberGenerator()
        for round in 0..<2_000 {
            let count = Int.random(in: 0..<200, using: &generator)
            var packet = InfraPacket(kind: Int.random(in: 2...14, using: &generator), request: 1)
            if packet.kind == PINTLE_INFRA_SHUTDOWN { continue }
            packet.fields = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            if round % 3 == 0, count > 8 {
                // Half right: a known tag and a length that fits.
                packet.fields.replaceSubrange(
                    0..<8, with: [UInt8.random(in: 1...36), 0, 0, 0, UInt8(count - 8), 0, 0, 0])
            }
            infra.send(packet.bytes, round % 5 == 0 ? [0, 1, 2] : [])
            while poll(infra) { _ = infra.receive() }
        }
        #expect(infra.isWell)
        #expect(infra.openDescriptors <= before + 1, "descriptors were left open")
        #expect(try infra.list().isEmpty)
    }

    private func poll(_ infra: RawInfra) -> Bool {
        var wait = pollfd(fd: infra.socket, events: Int16(POLLIN), revents: 0)
        return Glibc.poll(&wait, 1, 0) > 0 && wait.revents & Int16(POLLHUP) == 0
    }

    @Test(
        "a specification that is malformed fails the start and names that",
        arguments: [[1], [12, 0, 0, 0, 9, 0, 0, 0]] as [[UInt8]])
    func brokenSpecification(_ bytes: [UInt8]) throws {
        let infra = try RawInfra(InfraPrograms.current)
        try infra.hello()
        var specification = InfraFields()
        specification.append(stored: bytes)
        let reply = try infra.start("a", specification)
        #expect(reply.status == EINVAL)
        #expect(reply.stage == "specification")
        #expect(try infra.list().isEmpty)
        #expect(infra.isWell)
    }

    @Test("an end is held, over connections, until it is acknowledged")
    func holdsExits() throws {
        let infra = try RawInfra(InfraPrograms.current)
        try infra.hello()
        #expect(try infra.start("one", ["sh", "-c", "exit 9"]).status == 0)
        usleep(200_000)
        try infra.reconnect()
        try infra.hello()
        let held = try infra.list()
        #expect(held.map(\.id) == ["one"])
        #expect(held.first?.state == .exited)
        #expect(held.first?.exitCode == 9)
        #expect(try infra.start("one", ["true"]).status == EEXIST)
        #expect(try infra.about(PINTLE_INFRA_ACKNOWLEDGE, "one").status == 0)
        #expect(try infra.about(PINTLE_INFRA_ACKNOWLEDGE, "one").status == 0)
        #expect(try infra.list().isEmpty)
    }

    @Test("a running container can't be acknowledged; a signal ends it")
    func acknowledgesOnlyEnds() throws {
        let infra = try RawInfra(InfraPrograms.current)
        try infra.hello()
        let started = try infra.start("one", ["sleep", "100"])
        #expect(started.status == 0)
        #expect(try infra.about(PINTLE_INFRA_ACKNOWLEDGE, "one").status == EBUSY)
        let reply = try infra.about(PINTLE_INFRA_SIGNAL, "one") { $0.add(PINTLE_INFRA_EXIT_SIGNAL, SIGKILL) }
        #expect(reply.status == 0)
        usleep(100_000)
        #expect(try infra.list().first?.signal == SIGKILL)
        #expect(kill(started.report.pid, 0) != 0)
    }

    @Test("the table of processes is bounded: what is too much is refused until ends are acknowledged")
    func tableIsBounded() throws {
        let infra = try RawInfra(InfraPrograms.current)
        try infra.hello()
        var refused: Int32 = 0
        for number in 0...256 {
            let reply = try infra.start("c\(number)", InfraFields())
            // A start that fails leaves no entry; these fail at once, for want of everything.
            #expect(reply.status != 0)
        }
        #expect(try infra.start("c", ["true"]).status == 0)
        var arguments = InfraFields()
        arguments.add(PINTLE_INFRA_ID, "c")
        for number in 0..<256 {
            refused = try infra.start("held\(number)", ["true"]).status
            if refused != 0 { break }
        }
        #expect(refused == EAGAIN)
        #expect(try infra.list().count == 256)
        #expect(try infra.about(PINTLE_INFRA_ACKNOWLEDGE, "held0").status == 0)
        #expect(try infra.start("again", ["true"]).status == 0)
    }

    @Test("a client that takes nothing is dropped after ten seconds, and the container goes on")
    func stuckClient() throws {
        let infra = try RawInfra(InfraPrograms.current)
        try infra.hello()
        let log = infra.directory + "/log"
        #expect(
            try infra.start(
                "talker",
                ["sh", "-c", "while test ! -e /go; do busybox usleep 1000; done; busybox seq 1 100000; exit 3"]
            ) {
                $0.add(PINTLE_INFRA_LOG_PATH, log)
            }.status == 0)
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        var fields = InfraFields()
        fields.add(PINTLE_INFRA_ROLES, [UInt8(PINTLE_INFRA_ROLE_STDOUT)])
        fields.add(PINTLE_INFRA_ID, "talker")
        fields.add(PINTLE_INFRA_SESSION, "deaf")
        infra.send(PINTLE_INFRA_ATTACH, fields, [ends[1]])
        #expect(infra.answer()?.status == 0)
        close(ends[1])
        // The root of the container's processes shows its file system.
        let pid = try infra.list().first?.pid ?? 0
        let go = open("/proc/\(pid)/root/go", O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        #expect(go >= 0)
        close(go)
        let before = Moment.monotonic
        var state = InfraReport.State.running
        while state != .exited, Moment.monotonic - before < 20_000_000_000 {
            usleep(200_000)
            state = try infra.list().first?.state ?? .starting
        }
        close(ends[0])
        #expect(state == .exited)
        #expect(Moment.monotonic - before > 9_000_000_000)
        #expect(try infra.list().first?.exitCode == 3)
        #expect(try FileAccess.text(log).hasSuffix("stdout F 100000"))
    }

    @Test("today's host adopts the first infra process, with what runs in it")
    func adoptsTheFirst() throws {
        let infra = try RawInfra(InfraPrograms.first)
        #expect(try infra.hello(UInt32(PINTLE_INFRA_MAJOR << 16 | PINTLE_INFRA_MINOR)).status == 0)
        #expect(try infra.start("old", ["sh", "-c", "exit 4"]).status == 0)
        usleep(200_000)
        let adopted = try InfraLauncher.connect(sandbox: "raw", directory: infra.directory, .nanoseconds(5_000_000_000))
        close(adopted.network)
        close(adopted.process)
        #expect(adopted.pid == infra.pid)
        let held = try infra.list()
        #expect(held.map(\.exitCode) == [4])
        #expect(try infra.about(PINTLE_INFRA_ACKNOWLEDGE, "old").status == 0)
    }
}
