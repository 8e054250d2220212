import CPintleSystem
import Glibc
import PintleSystem
import Testing

@testable import RuntimeNamespaceCore

@Suite("Logs that the infra process writes", .serialized)
struct LogTests {
    /// The log's files, oldest first.
    private func files(_ directory: String) -> [String] {
        let names = FileAccess.names(in: directory).filter { $0.hasPrefix("log") }.sorted()
        return (names.filter { $0 != "log" } + ["log"]).map { "\(directory)/\($0)" }
    }

    private func entries(_ path: String) throws -> [(tag: String, text: String)] {
        try FileAccess.text(path).split(separator: "\n", omittingEmptySubsequences: false).filter { !$0.isEmpty }.map {
            let parts = $0.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
            return (parts.count > 2 ? String(parts[2]) : "", parts.count > 3 ? String(parts[3]) : "")
        }
    }

    private func run(_ infra: RawInfra, _ script: String, log: String, maxBytes: UInt64 = 0, maxFiles: UInt32 = 1000)
        throws
    {
        #expect(
            try infra.start("writer", ["sh", "-c", script]) {
                $0.add(PINTLE_INFRA_LOG_PATH, log)
                $0.add(PINTLE_INFRA_LOG_MAX_BYTES, maxBytes)
                $0.add(PINTLE_INFRA_LOG_MAX_FILES, maxFiles)
            }.status == 0)
    }

    private func waitForEnd(_ infra: RawInfra) throws -> InfraReport {
        for _ in 0..<300 {
            if let report = try infra.list().first, report.state == .exited { return report }
            usleep(50_000)
        }
        Issue.record("the container did not end")
        return InfraReport(fields: [])
    }

    @Test(
        "no file passes its limit, and all of them together have every line once", arguments: [4096, 10_000, 100_000])
    func rotation(_ limit: UInt64) throws {
        let infra = try RawInfra(InfraPrograms.current)
        try infra.hello()
        try run(infra, "busybox seq 1 20000", log: infra.directory + "/log", maxBytes: limit)
        #expect(try waitForEnd(infra).exitCode == 0)
        var number = 0
        for file in files(infra.directory) {
            #expect(try FileAccess.read(file).count <= Int(limit))
            for entry in try entries(file) {
                number += 1
                #expect(entry.tag == "F" && entry.text == "\(number)")
            }
        }
        #expect(number == 20_000)
    }

    @Test("only so many files are kept, the newest")
    func count() throws {
        let infra = try RawInfra(InfraPrograms.current)
        try infra.hello()
        // Compressed ones count, and so does one from a clock that was ahead, after which new names come.
        try FileAccess.replace(infra.directory + "/log.20200101-000000.gz", Array("old".utf8))
        try FileAccess.replace(infra.directory + "/log.29990101-000000", Array("ahead".utf8))
        try run(infra, "busybox seq 1 1000", log: infra.directory + "/log", maxBytes: 20_000, maxFiles: 4)
        #expect(try waitForEnd(infra).exitCode == 0)
        #expect(
            files(infra.directory).map { String($0.dropFirst(infra.directory.count + 1)) }
                == ["log.29990101-000000", "log.29990101-000000-01", "log.29990101-000000-02", "log"])
        #expect(try entries(infra.directory + "/log").last?.text == "1000")
    }

    @Test("lines of more than 16 KiB are written in parts, shorter ones whole, however they come")
    func longLines() throws {
        let infra = try RawInfra(InfraPrograms.current)
        try infra.hello()
        let script = """
            busybox head -c 40000 /dev/zero | busybox tr '\\0' x; echo; \
            busybox head -c 16384 /dev/zero | busybox tr '\\0' y; echo; echo short; echo -n half; echo " a line"
            """
        try run(infra, script, log: infra.directory + "/log")
        #expect(try waitForEnd(infra).exitCode == 0)
        let found = try entries(infra.directory + "/log")
        #expect(found.map(\.tag) == ["P", "P", "F", "F", "F", "F"])
        #expect(found.map(\.text.utf8.count) == [16384, 16384, 7232, 16384, 5, 11])
    }

    @Test("a line without end is written after a moment, and its rest when it comes; a last one is ended")
    func unfinished() throws {
        let infra = try RawInfra(InfraPrograms.current)
        try infra.hello()
        try run(infra, "echo -n prompt; busybox sleep 1; echo ' answer'; echo -n end", log: infra.directory + "/log")
        #expect(try waitForEnd(infra).exitCode == 0)
        let found = try entries(infra.directory + "/log")
        #expect(found.map(\.tag) == ["P", "F", "F"])
        #expect(found.map(\.text) == ["prompt", " answer", "end"])
    }

    @Test("a full disk stops its writer, is told of, holds up nobody else, and nothing is lost once there is room")
    func fullDisk() throws {
        let infra = try RawInfra(InfraPrograms.current)
        try infra.hello(1 << 16 | 1)
        let disk = infra.directory + "/disk"
        try FileAccess.makeDirectories(disk)
        try #require(mount("disk", disk, "tmpfs", 0, "size=64k") == 0)
        defer { umount2(disk, Int32(MNT_DETACH)) }
        try run(infra, "busybox seq 1 20000", log: disk + "/log")
        #expect(logError(infra) == ENOSPC)
        #expect(try infra.list().first?.logError == ENOSPC)
        #expect(try infra.list().first?.state == .running)
        #expect(
            try infra.start("other", ["sh", "-c", "echo well"]) {
                $0.add(PINTLE_INFRA_LOG_PATH, infra.directory + "/other.log")
            }.status == 0)
        usleep(300_000)
        #expect(try entries(infra.directory + "/other.log").map(\.text) == ["well"])
        for entry in try entries(disk + "/log") { #expect(entry.tag == "F") }
        #expect(mount("disk", disk, "tmpfs", UInt(MS_REMOUNT), "size=8m") == 0)
        for _ in 0..<100 {
            if try infra.list().first(where: { $0.id == "writer" })?.state == .exited { break }
            usleep(50_000)
        }
        let report = try infra.list().first { $0.id == "writer" }
        #expect(report?.state == .exited && report?.exitCode == 0 && report?.logDropped == 0)
        #expect(try entries(disk + "/log").map(\.text) == (1...20_000).map { "\($0)" })
    }

    /// What the next LOG event says.
    private func logError(_ infra: RawInfra) -> Int32? {
        while let packet = infra.receive() {
            guard packet.kind == PINTLE_INFRA_EVENT else { continue }
            let type = InfraFieldReader(packet.fields).first { $0.tag == PINTLE_INFRA_EVENT_TYPE }?.u32
            if type == UInt32(PINTLE_INFRA_EVENT_LOG) { return InfraReport(fields: packet.fields).logError }
        }
        return nil
    }

    @Test("a container that ends on a full disk is over after a while, and what it wrote last is counted")
    func endOnFullDisk() throws {
        let infra = try RawInfra(InfraPrograms.current)
        try infra.hello()
        let disk = infra.directory + "/disk"
        try FileAccess.makeDirectories(disk)
        try #require(mount("disk", disk, "tmpfs", 0, "size=64k") == 0)
        defer { umount2(disk, Int32(MNT_DETACH)) }
        try run(infra, "busybox seq 1 20000", log: disk + "/log")
        usleep(500_000)
        #expect(
            try infra.about(PINTLE_INFRA_SIGNAL, "writer") { $0.add(PINTLE_INFRA_EXIT_SIGNAL, SIGKILL) }.status == 0)
        let report = try waitForEnd(infra)
        #expect(report.logDropped > 0)
        #expect(infra.isWell)
    }

    @Test("a log whose folder is gone holds up nobody")
    func noFolder() throws {
        let infra = try RawInfra(InfraPrograms.current)
        try infra.hello()
        try run(infra, "busybox seq 1 100000", log: infra.directory + "/none/log")
        let report = try waitForEnd(infra)
        #expect(report.exitCode == 0)
        #expect(report.logDropped > 100_000)
    }
}
