import Synchronization

/// The warnings of an attempt that may be repeated.
final class Warnings: Sendable {
    private let texts = Mutex<[String]>([])

    var all: [String] { texts.withLock { $0 } }

    func replace(_ new: [String]) { texts.withLock { $0 = new } }
}
