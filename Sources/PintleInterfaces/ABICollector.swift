/// Takes the items that an operation puts into its sink: hands each one on, or keeps them.
///
/// A collector may be used for call after call; ``begin(_:)`` empties it. Threads: the operation's thread only, while it
/// runs. The first malformed item is kept as `failure` and stops the rest.
public final class ABICollector<Item: ABIStruct> {
    // Behind a pointer, so that reading and writing need no check for exclusive access to a class's properties.
    @usableFromInline let state: UnsafeMutablePointer<State>

    @usableFromInline struct State {
        @usableFromInline var receive: ((Item) -> Bool)?
        @usableFromInline var first: Item?
        @usableFromInline var others: [Item] = []
        @usableFromInline var isStopped = false
        @usableFromInline var failure: ABIError?

        @inlinable init(_ receive: ((Item) -> Bool)?) { self.receive = receive }
    }

    /// A collector that hands items on.
    ///
    /// - Parameter receive: Called for each item; false means that no more is wanted.
    @inlinable public init(_ receive: @escaping (Item) -> Bool) {
        state = .allocate(capacity: 1)
        state.initialize(to: State(receive))
    }

    /// A collector that keeps items.
    @inlinable public init() {
        state = .allocate(capacity: 1)
        state.initialize(to: State(nil))
    }

    deinit {
        state.deinitialize(count: 1)
        state.deallocate()
    }

    /// Prepares for another call.
    ///
    /// - Parameter receive: As for ``init(_:)``; nil keeps items.
    @inlinable public func begin(_ receive: ((Item) -> Bool)?) { state.pointee = State(receive) }

    /// The first item, when items are kept.
    @inlinable public var first: Item? { state.pointee.first }
    /// How many items are kept.
    @inlinable public var count: Int { state.pointee.first == nil ? 0 : 1 + state.pointee.others.count }
    /// Every item, when items are kept.
    @inlinable public var items: [Item] { state.pointee.first.map { [$0] + state.pointee.others } ?? [] }
    /// Whether the driver was told that no more is wanted.
    @inlinable public var isStopped: Bool { state.pointee.isStopped }
    /// Why an item could not be read.
    @inlinable public var failure: ABIError? { state.pointee.failure }
    /// Whether an item could not be read.
    @inlinable public var hasFailed: Bool { state.pointee.failure != nil }

    @inlinable func take(_ item: Item) -> Bool {
        if let receive = state.pointee.receive {
            state.pointee.isStopped = !receive(item)
            return !state.pointee.isStopped
        }
        if state.pointee.first == nil { state.pointee.first = item } else { state.pointee.others.append(item) }
        return true
    }

    /// The sink's `put`: `context` is an unretained collector.
    @inlinable public static func put(_ context: UnsafeMutableRawPointer?, _ item: UnsafePointer<Item.C>?) -> Int32 {
        guard let context else { return 1 }
        return Unmanaged<ABICollector<Item>>.fromOpaque(context)._withUnsafeGuaranteedRef { collector in
            do throws(ABIError) {
                return collector.take(try Item.read(item, strict: false)) ? 0 : 1
            } catch {
                if !collector.hasFailed { collector.state.pointee.failure = error }
                return 1
            }
        }
    }
}
