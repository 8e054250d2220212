public import CPintleABI

/// A Swift value that stands for one struct of the driver ABI.
///
/// Values are copies: they stay valid after the call that they came with. Conformances are generated.
public protocol ABIStruct: Sendable {
    /// The C struct. It starts with `uint32_t size`.
    associatedtype C

    /// The struct's size in version 1.0 of the ABI, bytes. A smaller `size` is refused.
    static var minimumSize: Int { get }

    /// The C struct's name, for messages.
    static var structName: String { get }

    /// Copies what `c` and its views hold.
    ///
    /// - Throws: ``ABIError`` when a view is null with a count, too long, or text that is not UTF-8.
    init(borrowing c: C) throws(ABIError)

    /// Makes the C struct. Its views point into `arena` and live as long as that.
    func lower(into arena: ABIArena) -> C
}

/// An ``ABIStruct`` that operations put into a sink.
public protocol ABIResult: ABIStruct {
    /// The C sink.
    associatedtype Sink

    /// A sink that hands every item to `collector`, which must outlive it.
    static func makeSink(_ collector: ABICollector<Self>) -> Sink

    /// Puts an item; non-zero means that no more is wanted.
    static func put(_ item: UnsafePointer<C>, into sink: UnsafePointer<Sink>) -> Int32
}

/// What was wrong with a struct that crossed the ABI.
public struct ABIError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Which rule was broken.
    public enum Kind: Sendable, Hashable {
        /// A size, a view or a text is malformed.
        case malformed
        /// A field that this side does not know is not zero.
        case unknownField
    }

    /// Which rule was broken.
    public let kind: Kind
    /// Struct and field, and what was found.
    public let description: String

    /// Makes an error.
    public init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}

extension ABIStruct {
    /// Copies the struct that `pointer` points to, whatever version of it the other side has.
    ///
    /// Copies `min(size, ours)` bytes into zeroed memory, so that a field the other side does not have is zero.
    ///
    /// - Parameters:
    ///   - pointer: Borrowed; null is an error.
    ///   - strict: Whether bytes past our struct must be zero, as in a request (`specs/abi/promises.md`, PD-4).
    /// - Returns: A copy of all that it holds.
    /// - Throws: ``ABIError``, which names struct and field.
    @inlinable public static func read(_ pointer: UnsafePointer<C>?, strict: Bool) throws(ABIError) -> Self {
        guard let pointer else { throw ABIError(.malformed, "\(structName): null pointer") }
        return try Self(borrowing: copy(UnsafeRawPointer(pointer), strict: strict))
    }

    @inlinable static func copy(_ pointer: UnsafeRawPointer, strict: Bool) throws(ABIError) -> C {
        let size = Int(pointer.loadUnaligned(as: UInt32.self))
        let ours = MemoryLayout<C>.size
        guard size >= minimumSize, size <= 1 << 20 else {
            throw ABIError(.malformed, "\(structName).size: expected at least \(minimumSize), found \(size)")
        }
        if strict, size > ours {
            let tail = UnsafeRawBufferPointer(start: pointer + ours, count: size - ours)
            guard tail.allSatisfy({ $0 == 0 }) else {
                throw ABIError(
                    .unknownField, "\(structName): a field past byte \(ours) is set, which this version lacks")
            }
        }
        return withUnsafeTemporaryAllocation(byteCount: ours, alignment: MemoryLayout<C>.alignment) { buffer in
            buffer.initializeMemory(as: UInt8.self, repeating: 0)
            buffer.copyMemory(from: UnsafeRawBufferPointer(start: pointer, count: min(size, ours)))
            return buffer.load(as: C.self)
        }
    }
}

/// A request or a result without fields.
public struct ABINothing: ABIResult, Hashable {
    /// The C struct.
    public typealias C = pintle_nothing
    /// The C sink.
    public typealias Sink = pintle_nothing_sink
    /// Eight bytes.
    public static var minimumSize: Int { MemoryLayout<pintle_nothing>.size }
    /// Its name in C.
    public static var structName: String { "pintle_nothing" }

    /// There is only one.
    public init() {}

    /// Reads nothing.
    public init(borrowing c: pintle_nothing) {}

    /// A struct with its size and nothing else.
    public func lower(into arena: ABIArena) -> pintle_nothing {
        pintle_nothing(size: UInt32(MemoryLayout<pintle_nothing>.size), reserved0: 0)
    }

    /// A sink without `put`: nothing comes.
    public static func makeSink(_ collector: ABICollector<ABINothing>) -> pintle_nothing_sink {
        var sink = pintle_nothing_sink()
        sink.size = UInt32(MemoryLayout<pintle_nothing_sink>.size)
        return sink
    }

    /// Does nothing.
    public static func put(_ item: UnsafePointer<pintle_nothing>, into sink: UnsafePointer<pintle_nothing_sink>)
        -> Int32
    {
        0
    }
}
