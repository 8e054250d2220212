import CPintleImages
import Glibc
import Testing

@testable import RuntimeNamespaceCore

extension ImageTests {
    @Suite("The helper program")
    struct UnpackSandbox {
        /// The lines of a child's /proc file, once the child has locked itself in.
        private func facts(_ pid: String) throws -> [String: String] {
            for _ in 0..<200 {
                var result: [String: String] = [:]
                for line in try text("/proc/\(pid)/status").split(separator: "\n") {
                    let parts = line.split(separator: ":", maxSplits: 1)
                    if parts.count == 2 {
                        result[String(parts[0])] = parts[1].split(separator: "\t").joined(separator: " ")
                    }
                }
                if result["Seccomp"] == "2" { return result }
                usleep(10_000)
            }
            Issue.record("the child never installed its filter")
            return [:]
        }

        /// Starts the program on a pipe that delivers nothing and looks at it.
        private func running(_ mode: Unpacker.Mode, _ body: (String, Sandbox) throws -> Void) throws {
            try sandboxed { sandbox throws in
                try shell("mkdir \(sandbox["target"])")
                var ends: [Int32] = [-1, -1]
                try #require(pintle_images_pipe(&ends) == 0)
                let reader = ImageDescriptor(adopting: ends[0])
                let writer = ImageDescriptor(adopting: ends[1])
                let target = try ImageDescriptor(path: sandbox["target"], O_RDONLY | O_DIRECTORY)
                let unpacker = Unpacker(program: UnpackProgram.path, limits: ImageLimits())
                let process = try unpacker.start(
                    mode, input: reader.raw, output: -1, directory: target.raw, expected: nil)
                let info = try text("/proc/self/fdinfo/\(process.descriptor)")
                let pid = try #require(info.split(separator: "\n").first { $0.hasPrefix("Pid:") }).dropFirst(5)
                try body(String(pid), sandbox)
                #expect(writer.raw >= 0)
            }
        }

        @Test("reads nothing before it has given up network, mounts, privileges and system calls")
        func isolation() throws {
            try running(.layer) { pid, sandbox throws in
                let facts = try facts(pid)
                #expect(facts["NoNewPrivs"]?.hasSuffix("1") == true)
                // chown, dac_override, fowner, fsetid; sys_admin, mknod, setfcap.
                #expect(facts["CapEff"] == "000000008820001b")
                #expect(facts["CapBnd"] == facts["CapEff"] && facts["CapPrm"] == facts["CapEff"])
                for space in ["net", "mnt", "ipc", "uts"] {
                    #expect(link(of: "/proc/\(pid)/ns/\(space)") != link(of: "/proc/self/ns/\(space)"), "\(space)")
                }
                let mounts = try text("/proc/\(pid)/mountinfo").split(separator: "\n")
                #expect(mounts.count == 1 && mounts[0].contains(" / rw,nosuid,nodev,noexec"))
                #expect(namesOf("/proc/\(pid)/root") == [])
                // Input, output, error, report and the directory.
                #expect(namesOf("/proc/\(pid)/fd").count == 5)
                #expect(try text("/proc/\(pid)/environ") == "")
            }
        }

        @Test("has fewer privileges still when it takes an archive of images apart")
        func archive() throws {
            try running(.archive) { pid, _ throws in
                #expect(try facts(pid)["CapEff"]?.hasSuffix("0000001b") == true)
            }
        }

        @Test("ends with its owner, whatever it is doing")
        func killing() throws {
            var gone = ""
            try running(.layer) { pid, _ throws in gone = pid }
            #expect(access("/proc/\(gone)", F_OK) != 0)
        }

        @Test("is reported missing by name")
        func missing() throws {
            try sandboxed { sandbox throws in
                let store = try sandbox.open { $0.unpacker = "/nonexistent/pintle-unpack" }
                defer { store.close() }
                try sandbox.write("a.tar", ImageFixture.small().dockerArchive(names: ["a"]))
                let error = failure(of: { _ = try store.importImages(.path(sandbox["a.tar"])) })
                #expect(error?.reason == "UnpackerFailed" && error?.errno == ENOENT)
                #expect(error?.message.contains("/nonexistent/pintle-unpack") == true)
            }
        }

        @Test("a full disk is an error of its own, and the store goes on when there is room again")
        func fullDisk() throws {
            try sandboxed { sandbox throws in
                try shell("mkdir -m 700 \(sandbox["images"]) && mount -t tmpfs -o size=1m none \(sandbox["images"])")
                defer { umount2(sandbox["images"], Int32(MNT_DETACH)) }
                let store = try sandbox.open()
                let big = ImageFixture(layers: [
                    TarBuilder.make { $0.add("a", data: [UInt8](repeating: 1, count: 2 << 20)) }
                ])
                try sandbox.write("big.tar", big.dockerArchive(names: ["big"]))
                let error = failure(of: { _ = try store.importImages(.path(sandbox["big.tar"])) })
                #expect(error?.code == .resource && error?.errno == ENOSPC, "\(error?.description ?? "accepted")")
                #expect(store.list() == [] && sandbox.names("images/ingest") == [])
                try sandbox.write("a.tar", ImageFixture.small().dockerArchive(names: ["a"]))
                #expect(try store.importImages(.path(sandbox["a.tar"])).count == 1)
                store.close()
            }
        }
    }
}
