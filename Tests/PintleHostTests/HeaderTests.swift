import Glibc
import PintleInterfaces
import Testing

@testable import PintleHost

extension HostSuite {
    @Suite("Headers, layout and symbols")
    struct Headers {
        private static let headers = ["base", "plugin", "runtime", "network", "storage", "pintle"]

        @Test(
            "each header compiles alone as C11 and as C++17, with every warning an error", arguments: headers,
            ["c11", "c++17"])
        func alone(_ header: String, _ standard: String) throws {
            let folder = try TemporaryFolder()
            try folder.write("alone", "#include <pintle/\(header).h>\n")
            try run(
                "/usr/bin/env",
                [
                    "clang", "-x", standard == "c11" ? "c" : "c++", "-std=\(standard)", "-fsyntax-only", "-Wall",
                    "-Wextra", "-Wpedantic",
                    "-Wconversion", "-Wshadow", "-Wundef", "-Wdocumentation", "-Werror",
                    "-I\(DriverBuild.root)/Sources/CPintleABI/include",
                    "\(folder.path)/alone",
                ])
        }

        @Test("layout.txt is what the compiler makes of the headers")
        func layout() throws {
            let folder = try TemporaryFolder()
            let text = try run("/bin/cat", ["\(DriverBuild.root)/specs/abi/draft/layout.txt"])
            var source = "#include <pintle/pintle.h>\n"
            var current = ""
            var count = 0
            for line in text.split(separator: "\n") where !line.hasPrefix("#") {
                let words = line.split(separator: " ")
                if words.count == 3, words[1] == "size" {
                    current = String(words[0])
                    source += "_Static_assert(sizeof(\(current)) == \(words[2]), \"\(current)\");\n"
                } else if words.count == 4, words[1] == "operation" {
                    let interface = words[0].split { "./".contains($0) }
                    let name = "PINTLE_\(interface[1].uppercased())_OP_\(words[3].uppercased())"
                    source += "_Static_assert(\(name) == \(words[2]), \"\(name)\");\n"
                } else {
                    let field = try #require(words.last)
                    source +=
                        "_Static_assert(offsetof(\(current), \(field)) == \(words[0]), \"\(current).\(field)\");\n"
                }
                count += 1
            }
            #expect(count > 500)
            try folder.write("layout.c", source)
            try run(
                "/usr/bin/env",
                [
                    "clang", "-std=c11", "-fsyntax-only", "-Werror", "-I\(DriverBuild.root)/Sources/CPintleABI/include",
                    "\(folder.path)/layout.c",
                ])
        }

        @Test("layout.txt has every struct of the headers")
        func complete() throws {
            let text = try run("/bin/cat", ["\(DriverBuild.root)/specs/abi/draft/layout.txt"])
            let listed = Set(
                text.split(separator: "\n").compactMap { line -> String? in
                    let words = line.split(separator: " ")
                    return words.count == 3 && words[1] == "size" ? String(words[0]) : nil
                })
            #expect(listed == Set(AllStructs.types.map { $0.structName }).subtracting(["pintle_nothing"]))
        }

        @Test("every driver beside this program exports one symbol")
        func products() throws {
            let folder = try #require(opendir(DriverBuild.products))
            defer { closedir(folder) }
            var checked: [String] = []
            while let entry = readdir(folder) {
                let name = withUnsafeBytes(of: entry.pointee.d_name) {
                    String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
                }
                guard name.hasPrefix("lib"), name.hasSuffix(".so") else { continue }
                let exported = try symbols("\(DriverBuild.products)/\(name)")
                #expect(exported == ["pintle_plugin_entry_1"], "\(name)")
                checked.append(name)
            }
            #expect(checked.contains("libNullNetwork.so"), "\(checked)")
        }

        @Test(
            "the symbols that are found in a file are those that nm prints",
            arguments: ["Examples/drivers/c/null.c", "Tests/Drivers/exports_more.c"])
        func likeNM(_ source: String) throws {
            let library = try DriverBuild.library(source, exportsAll: source.hasSuffix("more.c"))
            let printed = try run("/usr/bin/env", ["nm", "-D", "--defined-only", "--format=just-symbols", library])
            #expect(try symbols(library) == printed.split(separator: "\n").map(String.init).sorted())
        }

        private func symbols(_ path: String) throws -> [String] {
            let descriptor = open(path, O_RDONLY | O_CLOEXEC)
            let bytes = try #require(DriverFile.contents(descriptor, limit: 256 << 20))
            close(descriptor)
            return try bytes.withUnsafeBytes { try ELFFile($0).exportedSymbols }
        }

        @Test("a file whose every byte was changed once is read without harm")
        func damaged() throws {
            let library = try DriverBuild.library("Examples/drivers/c/null.c")
            let descriptor = open(library, O_RDONLY | O_CLOEXEC)
            var bytes = try #require(DriverFile.contents(descriptor, limit: 1 << 24))
            close(descriptor)
            var generator = SeededGenerator.printed("damaged library")
            var read = 0
            // Everything in the headers, and a sample of the rest.
            for place in Array(0..<64) + (0..<20_000).map({ _ in Int.random(in: 64..<bytes.count, using: &generator) })
            {
                let old = bytes[place]
                bytes[place] = UInt8.random(in: 0...255, using: &generator)
                bytes.withUnsafeBytes { raw in
                    guard let file = try? ELFFile(raw) else { return }
                    read += file.exportedSymbols.count + file.needed.count + file.compilers.count
                }
                bytes[place] = old
            }
            for length in stride(from: 0, to: bytes.count, by: 97) {
                bytes.withUnsafeBytes { raw in
                    if let file = try? ELFFile(UnsafeRawBufferPointer(rebasing: raw[..<length])) {
                        read += file.needed.count
                    }
                }
            }
            #expect(read > 0)
        }
    }
}
