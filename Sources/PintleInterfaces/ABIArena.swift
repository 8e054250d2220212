public import CPintleABI

#if canImport(Glibc)
    import Glibc
#endif

/// Memory that lowered structs and their views live in.
///
/// Everything goes at once, with the arena.
///
/// Threads: one at a time.
public final class ABIArena {
    private var chunks: [UnsafeMutableRawPointer] = []
    private var next: UnsafeMutableRawPointer?
    private var left = 0
    private var firstCount = 0

    /// An empty arena; memory is taken when it is needed.
    public init() {}

    deinit { for chunk in chunks { chunk.deallocate() } }

    /// Forgets everything that was placed, and keeps the first 4 KiB for what comes next.
    public func reset() {
        guard let first = chunks.first else { return }
        for chunk in chunks.dropFirst() { chunk.deallocate() }
        if chunks.count > 1 { chunks.removeLast(chunks.count - 1) }
        next = first
        left = firstCount
    }

    /// Uninitialised memory, 16-byte aligned, that lives as long as the arena.
    public func allocate(_ count: Int) -> UnsafeMutableRawPointer {
        let size = (count + 15) & ~15
        if size > left {
            let chunk = max(size, 4096)
            let memory = UnsafeMutableRawPointer.allocate(byteCount: chunk, alignment: 16)
            if chunks.isEmpty { firstCount = chunk }
            chunks.append(memory)
            next = memory
            left = chunk
        }
        guard let start = next else { return UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16) }
        next = start + size
        left -= size
        return start
    }

    /// A lowered struct in the arena's memory.
    public func place<S: ABIStruct>(_ value: S) -> UnsafePointer<S.C> {
        let memory = allocate(MemoryLayout<S.C>.size).bindMemory(to: S.C.self, capacity: 1)
        memory.initialize(to: value.lower(into: self))
        return UnsafePointer(memory)
    }

    /// A view of a text.
    public func text(_ text: String) -> pintle_bytes {
        var text = text
        return text.withUTF8 { copy(UnsafeRawBufferPointer($0)) }
    }

    /// A view of a blob.
    public func bytes(_ bytes: [UInt8]) -> pintle_bytes { bytes.withUnsafeBytes { copy($0) } }

    /// A view of a map, in the order of its keys, so that equal maps look equal.
    public func map(_ map: [String: String]) -> pintle_array {
        array(map.sorted { $0.key < $1.key }) { pair in
            pintle_pair(
                size: UInt32(MemoryLayout<pintle_pair>.size), reserved0: 0, key: text(pair.key), value: text(pair.value)
            )
        }
    }

    /// A view of a list of texts.
    public func texts(_ list: [String]) -> pintle_array { array(list) { text($0) } }

    /// A view of a list of numbers.
    public func i64s(_ list: [Int64]) -> pintle_array { array(list) { $0 } }

    /// A view of a list of structs.
    public func structs<S: ABIStruct>(_ list: [S]) -> pintle_array { array(list) { $0.lower(into: self) } }

    /// A pointer to a struct, null when it is absent.
    public func pointer<S: ABIStruct>(_ value: S?) -> UnsafePointer<S.C>? { value.map { place($0) } }

    private func array<Element, C>(_ list: [Element], _ lower: (Element) -> C) -> pintle_array {
        guard !list.isEmpty else { return pintle_array(data: nil, count: 0, stride: UInt64(MemoryLayout<C>.stride)) }
        let memory = allocate(list.count * MemoryLayout<C>.stride).bindMemory(to: C.self, capacity: list.count)
        for (index, element) in list.enumerated() { (memory + index).initialize(to: lower(element)) }
        return pintle_array(
            data: UnsafeRawPointer(memory), count: UInt64(list.count), stride: UInt64(MemoryLayout<C>.stride))
    }

    private func copy(_ buffer: UnsafeRawBufferPointer) -> pintle_bytes {
        guard let base = buffer.baseAddress, buffer.count > 0 else { return pintle_bytes(data: nil, count: 0) }
        let memory = allocate(buffer.count)
        memory.copyMemory(from: base, byteCount: buffer.count)
        return pintle_bytes(
            data: UnsafePointer(memory.bindMemory(to: UInt8.self, capacity: buffer.count)), count: UInt64(buffer.count))
    }
}
