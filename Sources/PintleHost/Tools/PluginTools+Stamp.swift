internal import Glibc
public import PintleInterfaces
internal import PintleObjects

extension PluginTools {
    /// Writes into a driver's manifest what is known once its library is linked: `sha256`, `arch` and `swift_runtime`.
    ///
    /// Everything else of the file stays as it is, its order and layout included; fields that are missing come behind
    /// `library`. The file is replaced at once or not at all.
    ///
    /// - Parameter path: The manifest or the library, in one folder.
    /// - Throws: ``DriverError`` with code `refused` that says what is wrong with either file.
    public static func stamp(_ path: String) throws(DriverError) {
        let place = try PluginPlace(path)
        let manifest = place.manifest
        let refuse = Refusal(manifest.id)
        let file = try DriverFile(
            adopting: place.folder.open(manifest.library), name: "\(place.folder.path)/\(manifest.library)")
        let (arch, runtime) = try file.withBytes { (bytes) throws(DriverError) in
            do throws(ELFFile.Malformed) {
                let elf = try ELFFile(bytes)
                return (elf.arch, SwiftRuntime(of: elf))
            } catch { throw refuse("\(manifest.library): \(error.description)") }
        }
        if case .shared("unknown") = runtime {
            throw refuse(
                "\(manifest.library) shares the Swift runtime, but its section .comment, which names the toolchain, is missing; strip it after stamping, or keep that section"
            )
        }
        let bytes = try Self.contents(manifest.path)
        guard var text = ManifestText(bytes) else { throw refuse("\(manifest.path): expected a JSON object") }
        text.set("sha256", to: file.sha256, after: "library")
        text.set("arch", to: arch, after: "sha256")
        text.set("swift_runtime", to: runtime.description, after: "arch")
        guard text.bytes != bytes else { return }
        try replace(manifest.path, with: text.bytes)
    }

    private static func contents(_ path: String) throws(DriverError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            throw DriverError(.refused, driver: path, "the manifest can't be opened", errno: errno)
        }
        defer { close(descriptor) }
        guard let bytes = DriverFile.contents(descriptor, limit: 1 << 20) else {
            throw DriverError(.refused, driver: path, "the manifest can't be read")
        }
        return bytes
    }

    private static func replace(_ path: String, with bytes: [UInt8]) throws(DriverError) {
        let temporary = "\(path).stamp-\(getpid())"
        func failed(_ what: String) -> DriverError {
            let error = errno
            unlink(temporary)
            return DriverError(
                .refused, driver: path, "\(what) \(temporary): \(String(cString: strerror(error)))", errno: error)
        }
        var status = stat()
        stat(path, &status)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, status.st_mode & 0o777)
        guard descriptor >= 0 else { throw failed("can't make") }
        fchmod(descriptor, status.st_mode & 0o777)
        let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        guard close(descriptor) == 0, count == bytes.count else { throw failed("can't write") }
        guard rename(temporary, path) == 0 else { throw failed("can't rename") }
    }
}

/// The text of a JSON object whose members are changed in place.
struct ManifestText {
    private(set) var bytes: [UInt8]

    /// Where a member's key and value stand.
    private struct Member {
        var key: String
        var start: Int
        var value: Range<Int>
    }

    /// Nil when the text, which must be valid JSON, is no object.
    init?(_ bytes: [UInt8]) {
        self.bytes = bytes
        guard bytes.first(where: { !Self.isSpace($0) }) == UInt8(ascii: "{") else { return nil }
    }

    /// Sets a member to a text that needs no escaping.
    ///
    /// A new one comes behind `anchor`, on a line of its own with the anchor's indentation, or at the end.
    mutating func set(_ key: String, to text: String, after anchor: String) {
        let members = members()
        let value = Array("\"\(text)\"".utf8)
        if let member = members.last(where: { $0.key == key }) {
            bytes.replaceSubrange(member.value, with: value)
            return
        }
        guard let place = members.last(where: { $0.key == anchor }) ?? members.last else { return }
        let lineStart = bytes[..<place.start].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 }
        var separator = Array(", ".utf8)
        if let lineStart, bytes[lineStart..<place.start].allSatisfy({ Self.isSpace($0) }) {
            separator = Array(",\n".utf8) + bytes[lineStart..<place.start]
        }
        bytes.insert(contentsOf: separator + Array("\"\(key)\": ".utf8) + value, at: place.value.upperBound)
    }

    private func members() -> [Member] {
        var members: [Member] = []
        var at = bytes.firstIndex(of: UInt8(ascii: "{")).map { $0 + 1 } ?? bytes.endIndex
        while let start = bytes[at...].firstIndex(of: UInt8(ascii: "\"")) {
            let keyEnd = skipText(from: start)
            let key = (try? JSON(parsing: Array(bytes[start..<keyEnd])))?.string ?? ""
            guard let colon = bytes[keyEnd...].firstIndex(of: UInt8(ascii: ":")),
                let value = bytes[(colon + 1)...].firstIndex(where: { !Self.isSpace($0) })
            else { break }
            let end = skipValue(from: value)
            members.append(Member(key: key, start: start, value: value..<end))
            at = end
            guard let next = bytes[at...].firstIndex(where: { !Self.isSpace($0) }), bytes[next] == UInt8(ascii: ",")
            else { break }
            at = next + 1
        }
        return members
    }

    private func skipText(from start: Int) -> Int {
        var at = start + 1
        while at < bytes.count, bytes[at] != UInt8(ascii: "\"") { at += bytes[at] == UInt8(ascii: "\\") ? 2 : 1 }
        return min(at + 1, bytes.count)
    }

    /// Past the value that begins at `start`: to the comma or bracket that ends it.
    private func skipValue(from start: Int) -> Int {
        var at = start
        var depth = 0
        while at < bytes.count {
            switch bytes[at] {
            case UInt8(ascii: "\""):
                at = skipText(from: at)
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth < 0 { return trimmed(start, at) }
            case UInt8(ascii: ",") where depth == 0: return trimmed(start, at)
            default: break
            }
            at += 1
        }
        return at
    }

    private func trimmed(_ start: Int, _ end: Int) -> Int {
        var end = end
        while end > start, Self.isSpace(bytes[end - 1]) { end -= 1 }
        return end
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 || byte == 10 || byte == 13 }
}
