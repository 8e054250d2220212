/// Takes the items that an operation puts into its sink.
///
/// Threads: the operation's thread only, while it runs. The first malformed item is kept as `failure` and stops the rest.
public final class ABICollector<Item: ABIStruct> {
    private let receive: (Item) -> Bool
    /// Why an item could not be read.
    public private(set) var failure: ABIError?

    /// - Parameter receive: Called for each item; false means that no more is wanted.
    public init(_ receive: @escaping (Item) -> Bool) { self.receive = receive }

    /// The sink's `put`: `context` is an unretained collector.
    public static func put(_ context: UnsafeMutableRawPointer?, _ item: UnsafePointer<Item.C>?) -> Int32 {
        guard let context else { return 1 }
        let collector = Unmanaged<ABICollector<Item>>.fromOpaque(context).takeUnretainedValue()
        do {
            return collector.receive(try Item.read(item, strict: false)) ? 0 : 1
        } catch {
            if collector.failure == nil { collector.failure = error }
            return 1
        }
    }
}
