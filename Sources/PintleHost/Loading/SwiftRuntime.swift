internal import Glibc
internal import PintleInterfaces

/// Which Swift runtime a library uses: a driver may share the host's only when one toolchain made both, since Swift's
/// binary interface is not stable on Linux.
enum SwiftRuntime: Hashable {
    /// No Swift at all.
    case none
    /// One of its own, linked into it.
    case `static`
    /// The process's, of the toolchain that is named.
    case shared(toolchain: String)

    /// As in a manifest's `swift_runtime`.
    var description: String {
        switch self {
        case .none: "none"
        case .static: "static"
        case .shared(let toolchain): toolchain
        }
    }

    /// Finds out from the file.
    init(of file: ELFFile) {
        if file.needed.contains(Self.library) {
            self = .shared(toolchain: Self.toolchain(of: file) ?? "unknown")
        } else {
            self = file.hasSwift ? .static : .none
        }
    }

    private static let library = "libswiftCore.so"

    /// The toolchain whose startup object is linked in: the version of its LLVM, commit included, as in `swiftlang
    /// 21.0.0 11673e6660b2d0a5f9f99b1c7b773f4c2f6df1b0`.
    ///
    /// Nil when `.comment` was stripped.
    private static func toolchain(of file: ELFFile) -> String? {
        let found = file.compilers.compactMap { text -> String? in
            guard text.contains("swiftlang/llvm-project") else { return nil }
            let words = text.split { " ()".contains($0) }
            guard let version = words.firstIndex(of: "version"), version + 1 < words.count, let commit = words.last
            else {
                return nil
            }
            return "swiftlang \(words[version + 1]) \(commit)"
        }
        // Two toolchains in one file are nobody's.
        return Set(found).count == 1 ? found.first : nil
    }

    /// The toolchain of the runtime that this process uses; nil when it can't be told.
    static let ofHost: String? = {
        for path in [loadedLibrary(), "/proc/self/exe"] {
            guard let path, let toolchain = toolchain(ofFile: path) else { continue }
            return toolchain
        }
        return nil
    }()

    private static func toolchain(ofFile path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_size > 0,
            let memory = mmap(nil, Int(status.st_size), PROT_READ, MAP_PRIVATE, descriptor, 0), memory != MAP_FAILED
        else { return nil }
        defer { munmap(memory, Int(status.st_size)) }
        let file = try? ELFFile(UnsafeRawBufferPointer(start: memory, count: Int(status.st_size)))
        return file.flatMap { toolchain(of: $0) }
    }

    /// Path of the runtime in this process's memory.
    private static func loadedLibrary() -> String? {
        let maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC)
        guard maps >= 0 else { return nil }
        defer { close(maps) }
        guard let bytes = DriverFile.contents(maps, limit: 16 << 20) else { return nil }
        let line = bytes.split(separator: UInt8(ascii: "\n")).first {
            String(decoding: $0, as: UTF8.self).hasSuffix("/\(library)")
        }
        guard let line, let start = line.firstIndex(of: UInt8(ascii: "/")) else { return nil }
        return String(decoding: line[start...], as: UTF8.self)
    }

    /// - Throws: ``DriverError`` with code `refused` for a library that this process can't take in.
    static func check(_ file: borrowing DriverFile, _ manifest: Manifest) throws(DriverError) {
        let refuse = Refusal(manifest.id)
        let found: SwiftRuntime = try file.withBytes { (bytes) throws(DriverError) in
            let file: ELFFile
            do throws(ELFFile.Malformed) { file = try ELFFile(bytes) } catch {
                throw refuse("\(manifest.library): \(error.description)")
            }
            guard file.arch == LoadedPlugin.arch else {
                throw refuse("\(manifest.library): built for \(file.arch), this host is \(LoadedPlugin.arch)")
            }
            return SwiftRuntime(of: file)
        }
        guard manifest.swiftRuntime == found.description else {
            throw refuse(
                "manifest swift_runtime: expected \(found.description), found \(manifest.swiftRuntime); run `pintle plugin stamp` after linking"
            )
        }
        guard case .shared(let toolchain) = found, toolchain != ofHost else { return }
        throw refuse(
            "swift_runtime: it shares the host's Swift runtime, but was built by \(toolchain) and the host runs \(ofHost ?? "one that can't be told"); build it with the host's toolchain or link its runtime with -static-stdlib"
        )
    }
}
