/// Takes the items that an operation puts into its sink: hands each one on, or keeps them.
///
/// Threads: the operation's thread only, while it runs. The first malformed item is kept as `failure` and stops the rest.
public final class ABICollector<Item: ABIStruct> {
    private let receive: ((Item) -> Bool)?
    /// The first item, when items are kept.
    public private(set) var first: Item?
    /// The items behind the first one.
    public private(set) var others: [Item] = []
    /// Why an item could not be read.
    public private(set) var failure: ABIError?

    /// A collector that hands items on.
    ///
    /// - Parameter receive: Called for each item; false means that no more is wanted.
    public init(_ receive: @escaping (Item) -> Bool) { self.receive = receive }

    /// A collector that keeps items.
    public init() { receive = nil }

    /// Every item, when items are kept.
    public var items: [Item] { first.map { [$0] + others } ?? [] }

    private func take(_ item: Item) -> Bool {
        if let receive { return receive(item) }
        if first == nil { first = item } else { others.append(item) }
        return true
    }

    /// The sink's `put`: `context` is an unretained collector.
    public static func put(_ context: UnsafeMutableRawPointer?, _ item: UnsafePointer<Item.C>?) -> Int32 {
        guard let context else { return 1 }
        let collector = Unmanaged<ABICollector<Item>>.fromOpaque(context).takeUnretainedValue()
        do {
            return collector.take(try Item.read(item, strict: false)) ? 0 : 1
        } catch {
            if collector.failure == nil { collector.failure = error }
            return 1
        }
    }
}
