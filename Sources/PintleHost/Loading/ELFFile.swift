/// What an ELF shared object says of itself: machine, exported symbols, needed libraries, compilers.
///
/// It reads the section headers of 64-bit little-endian files and trusts no offset in them. The bytes are borrowed.
struct ELFFile {
    /// `e_machine` of the files that can be loaded.
    static let machines: [UInt16: String] = [62: "x86_64", 183: "aarch64"]

    /// What is wrong with a file that is none.
    struct Malformed: Error, CustomStringConvertible {
        let description: String
    }

    /// `x86_64`, `aarch64`, or the machine's number.
    let arch: String
    private let bytes: UnsafeRawBufferPointer
    private let sections: [Section]

    private struct Section {
        var nameOffset: Int
        var name = ""
        var type: UInt32
        var offset: Int
        var size: Int
        var link: Int
        var entrySize: Int
    }

    init(_ bytes: UnsafeRawBufferPointer) throws(Malformed) {
        self.bytes = bytes
        guard bytes.count >= 64, bytes.prefix(4).elementsEqual([0x7F, 0x45, 0x4C, 0x46]) else {
            throw Malformed(description: "expected a shared object (ELF)")
        }
        guard bytes[4] == 2, bytes[5] == 1 else {
            throw Malformed(description: "expected a 64-bit little-endian shared object")
        }
        guard Self.load(bytes, 16, as: UInt16.self) == 3 else {
            throw Malformed(
                description: "expected a shared object, found ELF type \(Self.load(bytes, 16, as: UInt16.self) ?? 0)")
        }
        let machine = Self.load(bytes, 18, as: UInt16.self) ?? 0
        arch = Self.machines[machine] ?? "machine \(machine)"
        let start = Int(clamping: Self.load(bytes, 40, as: UInt64.self) ?? 0)
        let size = Int(Self.load(bytes, 58, as: UInt16.self) ?? 0)
        let count = Int(Self.load(bytes, 60, as: UInt16.self) ?? 0)
        let names = Int(Self.load(bytes, 62, as: UInt16.self) ?? 0)
        guard start > 0, size == 64, count > 0, names < count, start <= bytes.count - count * size else {
            throw Malformed(description: "the section headers are missing or cut off")
        }
        var sections = (0..<count).map { Self.section(bytes, start + $0 * size) }
        for index in sections.indices {
            sections[index].name = Self.text(bytes, sections[names], sections[index].nameOffset)
        }
        self.sections = sections
    }

    private static func section(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> Section {
        Section(
            nameOffset: Int(load(bytes, at, as: UInt32.self) ?? 0), type: load(bytes, at + 4, as: UInt32.self) ?? 0,
            offset: Int(clamping: load(bytes, at + 24, as: UInt64.self) ?? 0),
            size: Int(clamping: load(bytes, at + 32, as: UInt64.self) ?? 0),
            link: Int(load(bytes, at + 40, as: UInt32.self) ?? 0),
            entrySize: Int(clamping: load(bytes, at + 56, as: UInt64.self) ?? 0))
    }

    private static func load<T: FixedWidthInteger>(_ bytes: UnsafeRawBufferPointer, _ at: Int, as type: T.Type) -> T? {
        guard at >= 0, at <= bytes.count - MemoryLayout<T>.size else { return nil }
        return T(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: T.self))
    }

    /// The text at an offset of a string table; empty when it lies outside.
    private static func text(_ bytes: UnsafeRawBufferPointer, _ table: Section, _ offset: Int) -> String {
        guard let part = contents(bytes, table), offset < part.count else { return "" }
        return String(decoding: part[(part.startIndex + offset)...].prefix { $0 != 0 }, as: UTF8.self)
    }

    private static func contents(_ bytes: UnsafeRawBufferPointer, _ section: Section) -> Slice<UnsafeRawBufferPointer>?
    {
        let noBits: UInt32 = 8
        guard section.type != noBits, section.offset <= bytes.count, section.size <= bytes.count - section.offset else {
            return nil
        }
        return bytes[section.offset..<section.offset + section.size]
    }

    /// The entries of the first section of a type, and its string table.
    private func entries(_ type: UInt32, size: Int) -> (places: [Int], names: Section)? {
        guard let section = sections.first(where: { $0.type == type }), section.entrySize == size,
            section.link < sections.count, let part = Self.contents(bytes, section)
        else { return nil }
        return ((0..<part.count / size).map { section.offset + $0 * size }, sections[section.link])
    }

    /// Names of the symbols that others can link to, sorted.
    var exportedSymbols: [String] {
        guard let (places, names) = entries(11, size: 24) else { return [] }
        var found: [String] = []
        for place in places {
            let binding = bytes[place + 4] >> 4
            let isHidden = bytes[place + 5] & 3 == 1 || bytes[place + 5] & 3 == 2
            let isDefined = Self.load(bytes, place + 6, as: UInt16.self) != 0
            guard isDefined, !isHidden, binding != 0 else { continue }
            found.append(Self.text(bytes, names, Int(Self.load(bytes, place, as: UInt32.self) ?? 0)))
        }
        return found.sorted()
    }

    /// The libraries that it needs, in their order.
    var needed: [String] {
        guard let (places, names) = entries(6, size: 16) else { return [] }
        return places.filter { Self.load(bytes, $0, as: UInt64.self) == 1 }.map {
            Self.text(bytes, names, Int(clamping: Self.load(bytes, $0 + 8, as: UInt64.self) ?? 0))
        }
    }

    /// What compilers left in `.comment`.
    var compilers: [String] {
        guard let section = sections.first(where: { $0.name == ".comment" }), let part = Self.contents(bytes, section)
        else { return [] }
        return part.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether it holds code compiled by Swift.
    var hasSwift: Bool { sections.contains { $0.name.hasPrefix("swift5_") } }
}
