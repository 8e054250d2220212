import CPintleHost
import Glibc
import PintleInterfaces
import PintleObjects
import Testing

@testable import PintleHost

extension HostSuite {
    @Suite("What is checked is what is loaded")
    struct Files {
        private func installed() throws -> TemporaryFolder {
            let folder = try TemporaryFolder()
            try DriverBuild.install("good", in: folder)
            return folder
        }

        @Test("a library behind a symbolic link is refused")
        func symbolicLink() throws {
            let folder = try installed()
            rename("\(folder.path)/libdriver.so", "\(folder.path)/real.so")
            symlink("real.so", "\(folder.path)/libdriver.so")
            let error = try refusal { try DriverUnderTest.load(folder) }
            #expect(error.message.contains("without following links"))
            #expect(error.errno == ELOOP)
        }

        @Test("a manifest behind a symbolic link is refused")
        func linkedManifest() throws {
            let folder = try installed()
            rename("\(folder.path)/driver.json", "\(folder.path)/real")
            symlink("real", "\(folder.path)/driver.json")
            #expect(try refusal { try DriverUnderTest.load(folder) }.errno == ELOOP)
        }

        @Test("a folder may be reached through a link, since it is resolved once")
        func linkedFolder() throws {
            let folder = try installed()
            let outer = try TemporaryFolder()
            symlink(folder.path, "\(outer.path)/drivers")
            #expect(try Manifest.all(inFolder: "\(outer.path)/drivers").count == 1)
        }

        @Test(
            "files and folders that others can write to are refused", arguments: ["libdriver.so", "driver.json", "."])
        func writable(_ name: String) throws {
            let folder = try installed()
            chmod("\(folder.path)/\(name)", 0o777)
            let error = try refusal { try DriverUnderTest.load(folder) }
            #expect(error.message.contains("mode 777 lets others write"), "\(error)")
        }

        @Test("a parent folder that others can write to is refused unless it is sticky")
        func writableParent() throws {
            let outer = try TemporaryFolder()
            mkdir("\(outer.path)/drivers", 0o755)
            chmod(outer.path, 0o777)
            #expect(try refusal { _ = try DriverFolder("\(outer.path)/drivers") }.driver == outer.path)
            chmod(outer.path, 0o1777)
            _ = try DriverFolder("\(outer.path)/drivers")
        }

        @Test("files and folders of another user are refused", arguments: ["libdriver.so", "driver.json", "."])
        func owner(_ name: String) throws {
            let folder = try installed()
            try #require(chown("\(folder.path)/\(name)", 4711, 4711) == 0, "this test runs as root")
            let error = try refusal { try DriverUnderTest.load(folder) }
            #expect(error.message.contains("belongs to user 4711; expected root"), "\(error)")
        }

        @Test("a byte that changed after stamping is noticed")
        func changed() throws {
            let folder = try installed()
            var bytes = try folder.read("libdriver.so")
            bytes[bytes.count / 2] ^= 1
            unlink("\(folder.path)/libdriver.so")
            let file = open("\(folder.path)/libdriver.so", O_WRONLY | O_CREAT, 0o755)
            _ = bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
            close(file)
            let error = try refusal { try DriverUnderTest.load(folder) }
            #expect(error.message.contains("sha256: expected"))
        }

        @Test("a file that is swapped after the check is not the one that is loaded")
        func swapped() throws {
            let folder = try installed()
            let opened = try DriverFolder(folder.path)
            let file = try DriverFile(adopting: opened.open("libdriver.so"), name: "libdriver.so")
            try run("/bin/cp", [DriverBuild.library("Tests/Drivers/wrong_id.c"), "\(folder.path)/other.so"])
            rename("\(folder.path)/other.so", "\(folder.path)/libdriver.so")
            let again = try DriverFile(adopting: open(file.keepOpen(), O_RDONLY | O_CLOEXEC), name: "again")
            #expect(again.sha256 == file.sha256)
            let swapped = try DriverFile(adopting: opened.open("libdriver.so"), name: "swapped")
            #expect(swapped.sha256 != file.sha256)
        }

        @Test("a library of the daemon's own user is loaded from sealed memory")
        func sealed() throws {
            let folder = try installed()
            let source = open("\(folder.path)/libdriver.so", O_RDONLY | O_CLOEXEC)
            let copy = pintle_host_sealed_copy(source, "test")
            defer {
                close(source)
                close(copy)
            }
            #expect(DriverFile.contents(copy, limit: 1 << 24) == DriverFile.contents(source, limit: 1 << 24))
            #expect(write(copy, "x", 1) < 0)
            #expect(ftruncate(copy, 0) < 0)
        }

        @Test(
            "a library that is no library is refused",
            arguments: ["", "#!/bin/sh\n", "\u{7F}ELF\u{2}\u{1}", String(repeating: "\u{7F}ELF", count: 100)])
        func noLibrary(_ contents: String) throws {
            let folder = try installed()
            try folder.write("libdriver.so", contents)
            let error = try refusal { try PluginTools.stamp("\(folder.path)/libdriver.so") }
            #expect(error.message.contains("libdriver.so: "), "\(error)")
        }

        @Test("drivers that were loaded through one descriptor number are told apart")
        func distinct() throws {
            let first = try DriverUnderTest("good")
            let second = try DriverUnderTest("wrong_id") { $0["id"] = "dev.pintle.other" }
            let third = try DriverUnderTest("wrong_version") { $0["version"] = "2.0.0" }
            #expect(first.plugin.manifest.id != second.plugin.manifest.id)
            #expect(third.plugin.manifest.version == "2.0.0")
        }
    }
}
