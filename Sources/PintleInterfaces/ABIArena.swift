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
    // Behind a pointer, so that the many small writes need no check for exclusive access to a class's properties.
    private let state: UnsafeMutablePointer<State>

    private struct State {
        var chunks: [UnsafeMutableRawPointer] = []
        var next: UnsafeMutableRawPointer?
        var left = 0
        var firstCount = 0
    }

    /// An empty arena; memory is taken when it is needed.
    public init() {
        state = .allocate(capacity: 1)
        state.initialize(to: State())
    }

    deinit {
        for chunk in state.pointee.chunks { chunk.deallocate() }
        state.deinitialize(count: 1)
        state.deallocate()
    }

    /// Forgets everything that was placed, and keeps the first piece of memory for what comes next, if it is small.
    public func reset() {
        guard let first = state.pointee.chunks.first else { return }
        guard state.pointee.chunks.count > 1 || state.pointee.firstCount > 65536 else {
            state.pointee.next = first
            state.pointee.left = state.pointee.firstCount
            return
        }
        for chunk in state.pointee.chunks { chunk.deallocate() }
        state.pointee = State()
    }

    /// Uninitialised memory, 16-byte aligned, that lives as long as the arena.
    @inline(__always) public func allocate(_ count: Int) -> UnsafeMutableRawPointer {
        let size = (count + 15) & ~15
        guard size <= state.pointee.left, let start = state.pointee.next else { return grow(size) }
        state.pointee.next = start + size
        state.pointee.left -= size
        return start
    }

    private func grow(_ size: Int) -> UnsafeMutableRawPointer {
        let chunk = max(size, 4096)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: chunk, alignment: 16)
        if state.pointee.chunks.isEmpty { state.pointee.firstCount = chunk }
        state.pointee.chunks.append(memory)
        state.pointee.next = memory + size
        state.pointee.left = chunk - size
        return memory
    }

    /// A lowered struct in the arena's memory.
    @inlinable public func place<S: ABIStruct>(_ value: S) -> UnsafePointer<S.C> {
        let memory = allocate(MemoryLayout<S.C>.size).bindMemory(to: S.C.self, capacity: 1)
        memory.initialize(to: value.lower(into: self))
        return UnsafePointer(memory)
    }

    /// A view of a text.
    @inline(__always) public func text(_ text: String) -> pintle_bytes {
        text.isEmpty ? pintle_bytes(data: nil, count: 0) : place(text)
    }

    private func place(_ text: String) -> pintle_bytes {
        if let view = text.utf8.withContiguousStorageIfAvailable({ copy(UnsafeRawBufferPointer($0)) }) { return view }
        var text = text
        return text.withUTF8 { copy(UnsafeRawBufferPointer($0)) }
    }

    /// A view of a blob.
    public func bytes(_ bytes: [UInt8]) -> pintle_bytes { bytes.withUnsafeBytes { copy($0) } }

    /// A view of a map, in the order of its keys, so that equal maps look equal.
    @inline(__always) public func map(_ map: [String: String]) -> pintle_array {
        map.isEmpty ? Self.empty(pintle_pair.self) : place(map)
    }

    private func place(_ map: [String: String]) -> pintle_array {
        array(map.sorted { $0.key < $1.key }) { pair in
            pintle_pair(
                size: UInt32(MemoryLayout<pintle_pair>.size), reserved0: 0, key: text(pair.key), value: text(pair.value)
            )
        }
    }

    /// A view of a list of texts.
    @inline(__always) public func texts(_ list: [String]) -> pintle_array {
        list.isEmpty ? Self.empty(pintle_bytes.self) : array(list) { text($0) }
    }

    /// A view of a list of numbers.
    @inline(__always) public func i64s(_ list: [Int64]) -> pintle_array {
        list.isEmpty ? Self.empty(Int64.self) : array(list) { $0 }
    }

    /// A view of a list of structs.
    @inline(__always) public func structs<S: ABIStruct>(_ list: [S]) -> pintle_array {
        list.isEmpty ? Self.empty(S.C.self) : array(list) { $0.lower(into: self) }
    }

    @inline(__always) private static func empty<C>(_ type: C.Type) -> pintle_array {
        pintle_array(data: nil, count: 0, stride: UInt64(MemoryLayout<C>.stride))
    }

    /// A pointer to a struct, null when it is absent.
    public func pointer<S: ABIStruct>(_ value: S?) -> UnsafePointer<S.C>? { value.map { place($0) } }

    private func array<Element, C>(_ list: [Element], _ lower: (Element) -> C) -> pintle_array {
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
