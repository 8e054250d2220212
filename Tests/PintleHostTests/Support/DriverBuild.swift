import Glibc
import PintleObjects
import Synchronization

@testable import PintleHost

/// Compiles the drivers of `Tests/Drivers` and lays them out with manifests.
enum DriverBuild {
    /// The repository.
    static let root: String = {
        var path = #filePath
        for _ in 0..<4 { path = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]) }
        return path
    }()

    /// Where this program and the drivers written in Swift are.
    static let products: String = {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = max(0, readlink("/proc/self/exe", &buffer, 4095))
        let path = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    }()

    private static let compiled = Mutex<[String: String]>([:])
    private static let folder = Result { try TemporaryFolder() }

    /// The library made of one C file of the repository, compiled once.
    static func library(_ source: String, exportsAll: Bool = false, defines: [String] = []) throws -> String {
        try compiled.withLock { compiled in
            let key = ([source] + defines).joined(separator: " ")
            if let found = compiled[key] { return found }
            let name = "\(compiled.count)-\(source.split(separator: "/").last ?? "")"
            let output = "\(try folder.get().path)/\(name).so"
            var arguments = [
                "clang", "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-pedantic", "-O1", "-fPIC",
                "-shared",
                "-I\(root)/Sources/CPintleABI/include", "-Wl,-z,defs", "-Wl,-z,nodelete", "-o", output,
                "\(root)/\(source)",
            ]
            arguments += defines.map { "-D\($0)" }
            if !exportsAll { arguments.append("-Wl,--version-script=\(root)/Plugins/exports.map") }
            try run("/usr/bin/env", arguments)
            compiled[key] = output
            return output
        }
    }

    /// A manifest that fits `Tests/Drivers/good.c`.
    static let manifest: JSON = [
        "format": "1.0", "id": "dev.pintle.test", "version": "1.0.0", "description": "A driver for tests",
        "library": "libdriver.so", "abi": ["major": 1, "minor": 0], "interfaces": ["pintle.network/1"],
        "capabilities": [], "isolation": ["in_process"],
    ]

    /// The two templates of `Examples/drivers`.
    static let nullDrivers = ["NullNetworkC", "NullNetwork"]

    /// Puts one of ``nullDrivers`` into a folder and stamps it.
    static func install(template name: String, in folder: TemporaryFolder) throws {
        let isC = name.hasSuffix("C")
        let path = isC ? "c/NullNetworkC.json" : "swift/NullNetwork.json"
        var manifest = try JSON(parsing: Array(run("/bin/cat", ["\(root)/Examples/drivers/\(path)"]).utf8))
        manifest["library"] = "libdriver.so"
        let library = isC ? try library("Examples/drivers/c/null.c") : "\(products)/libNullNetwork.so"
        try install(library: library, manifest: manifest.prettyPrinted(), in: folder)
    }

    /// Puts a driver of `Tests/Drivers` and its manifest into a folder and stamps it.
    static func install(
        _ name: String, in folder: TemporaryFolder, stamped: Bool = true, exportsAll: Bool = false,
        _ change: (inout JSON) -> Void = { _ in }
    ) throws {
        var manifest = manifest
        change(&manifest)
        try install(
            library: library("Tests/Drivers/\(name).c", exportsAll: exportsAll), manifest: manifest.prettyPrinted(),
            in: folder,
            stamped: stamped)
    }

    static func install(library: String, manifest: String, in folder: TemporaryFolder, stamped: Bool = true) throws {
        try run("/bin/cp", [library, "\(folder.path)/libdriver.so"])
        chmod("\(folder.path)/libdriver.so", 0o755)
        try folder.write("driver.json", manifest)
        if stamped { try PluginTools.stamp("\(folder.path)/libdriver.so") }
    }
}
