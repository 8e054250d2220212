internal import Glibc
public import PintleInterfaces
public import PintleObjects

/// What `pintle plugin` does, without a running node: list, inspect, verify, call and stamp drivers.
///
/// Threads: any, but the functions that are not async block.
public enum PluginTools {
    /// A driver of a folder, or what is wrong with a manifest there.
    public struct Listing: Sendable {
        /// The manifest's absolute path; the folder's when that is at fault.
        public let path: String
        /// What the manifest says; nil when it can't be used.
        public let manifest: Manifest?
        /// Why the driver would be refused, as far as that can be told without opening its library; empty when nothing is
        /// wrong.
        public let problem: String
    }

    /// The drivers of some folders, in the order of folders and file names.
    ///
    /// Opens no library, and never fails: what can't be read is listed with the reason.
    public static func list(folders: [String]) -> [Listing] {
        var listings: [Listing] = []
        for folder in folders {
            do {
                listings += try list(in: DriverFolder(folder))
            } catch {
                listings.append(Listing(path: folder, manifest: nil, problem: error.description))
            }
        }
        return listings.enumerated().map { index, listing in
            guard let id = listing.manifest?.id,
                let other = listings.enumerated().first(where: { $0.offset != index && $0.element.manifest?.id == id })?
                    .element
            else { return listing }
            let problem = "two manifests have the id \(id): this one and \(other.path)"
            return Listing(path: listing.path, manifest: listing.manifest, problem: join(listing.problem, problem))
        }
    }

    /// What a manifest and its library say, without loading the library.
    ///
    /// - Parameter path: The manifest or the library.
    /// - Returns: The manifest's fields, `library_sha256`, `exports`, `needs`, `swift` and `problems`.
    /// - Throws: ``DriverError`` with code `refused` when there is no manifest that can be read.
    public static func inspect(_ path: String) throws(DriverError) -> JSON {
        let place = try PluginPlace(path)
        var report = place.manifest.json
        let (details, problems) = examine(place)
        for (key, value) in details { report[key] = value }
        report["warnings"] = .array(place.manifest.warnings.map { .string($0) })
        report["problems"] = .array(problems.map { .string($0) })
        return report
    }

    private static func list(in folder: borrowing DriverFolder) -> [Listing] {
        folder.manifestNames().compactMap { name in
            let path = "\(folder.path)/\(name)"
            do {
                let manifest = try Manifest.read(name, in: folder)
                let file = try DriverFile(
                    adopting: folder.open(manifest.library), name: "\(folder.path)/\(manifest.library)")
                return Listing(path: path, manifest: manifest, problem: digestProblem(manifest, file.sha256) ?? "")
            } catch let error as DriverError {
                return Listing(path: path, manifest: try? Manifest.read(name, in: folder), problem: error.message)
            } catch {
                return Listing(path: path, manifest: nil, problem: "\(error)")
            }
        }
    }

    /// What the library's file says, and what is wrong with it.
    static func examine(_ place: borrowing PluginPlace) -> (details: [(String, JSON)], problems: [String]) {
        let manifest = place.manifest
        let file: DriverFile
        do {
            file = try DriverFile(
                adopting: place.folder.open(manifest.library), name: "\(place.folder.path)/\(manifest.library)")
        } catch { return ([], [error.message]) }
        var details: [(String, JSON)] = [("library_sha256", .string(file.sha256))]
        var problems: [String] = []
        if let problem = digestProblem(manifest, file.sha256) { problems.append(problem) }
        file.withBytes { bytes in
            do throws(ELFFile.Malformed) {
                let elf = try ELFFile(bytes)
                details.append(("library_arch", .string(elf.arch)))
                details.append(("exports", .array(elf.exportedSymbols.map { .string($0) })))
                details.append(("needs", .array(elf.needed.map { .string($0) })))
                details.append(("swift", .string(SwiftRuntime(of: elf).description)))
                problems += symbolProblems(elf.exportedSymbols)
            } catch { problems.append(error.description) }
        }
        do { try SwiftRuntime.check(file, manifest) } catch { problems.append(error.message) }
        return (details, problems)
    }

    private static func digestProblem(_ manifest: Manifest, _ found: String) -> String? {
        guard let expected = manifest.sha256 else {
            return "the manifest has no sha256; run `pintle plugin stamp \(manifest.path)`"
        }
        return expected == found ? nil : "manifest sha256: expected \(expected), the library has \(found)"
    }

    private static func symbolProblems(_ exports: [String]) -> [String] {
        var problems: [String] = []
        if !exports.contains("pintle_plugin_entry_1") {
            problems.append("the library exports no pintle_plugin_entry_1 (PD-1)")
        }
        let others = exports.filter { !$0.hasPrefix("pintle_plugin_entry_") }
        if let first = others.first {
            problems.append(
                "the library exports \(others.count) other symbols, such as \(first); link it with a version script (PD-1)"
            )
        }
        return problems
    }

    private static func join(_ a: String, _ b: String) -> String { a.isEmpty ? b : "\(a); \(b)" }
}

/// A driver's folder and manifest, found by the path of either file.
struct PluginPlace: ~Copyable {
    let folder: DriverFolder
    let manifest: Manifest

    /// - Throws: ``DriverError`` with code `refused`, also for a library that no manifest of its folder names.
    init(_ path: String) throws(DriverError) { self = try Self.opened(path) }

    private init(folder: consuming DriverFolder, manifest: Manifest) {
        self.folder = folder
        self.manifest = manifest
    }

    private static func opened(_ path: String) throws(DriverError) -> PluginPlace {
        let slash = path.lastIndex(of: "/")
        let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        let parent = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let folder = try DriverFolder(parent)
        let manifest = try find(name, in: folder)
        return PluginPlace(folder: folder, manifest: manifest)
    }

    private static func find(_ name: String, in folder: borrowing DriverFolder) throws(DriverError) -> Manifest {
        if name.hasSuffix(".json") { return try read(name, in: folder) }
        for other in folder.manifestNames() {
            guard let manifest = try? Manifest.read(other, in: folder), manifest.library == name else { continue }
            return manifest
        }
        // The usual name, so that the error says what is wrong with it.
        let stem = name.hasPrefix("lib") ? name.dropFirst(3).prefix { $0 != "." } : name.prefix { $0 != "." }
        let manifest = try read("\(stem).json", in: folder)
        throw DriverError(
            .refused, driver: manifest.path, "manifest library: expected \(name), found \(manifest.library)")
    }

    private static func read(_ name: String, in folder: borrowing DriverFolder) throws(DriverError) -> Manifest {
        do { return try Manifest.read(name, in: folder) } catch let error as DriverError {
            throw error
        } catch {
            throw DriverError(.refused, driver: "\(folder.path)/\(name)", "\(error)")
        }
    }
}

extension Manifest {
    /// The fields that matter to people, as in the file.
    var json: JSON {
        func list(_ texts: [String]) -> JSON { .array(texts.map { .string($0) }) }
        func version(_ version: (major: UInt32, minor: UInt32)) -> JSON {
            ["major": .integer(Int64(version.major)), "minor": .integer(Int64(version.minor))]
        }
        return [
            "manifest": .string(path), "id": .string(id), "version": .string(self.version),
            "description": .string(summary),
            "library": .string(library), "sha256": sha256.map { .string($0) } ?? nil,
            "arch": arch.map { .string($0) } ?? nil,
            "abi": version(abi), "min_host": version(minimumHost), "interfaces": list(interfaces),
            "capabilities": list(capabilities), "isolation": list(isolation.map(\.rawValue)),
            "swift_runtime": .string(swiftRuntime), "options": list(options.sorted()),
        ]
    }
}
