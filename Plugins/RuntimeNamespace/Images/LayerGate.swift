/// Lets one operation at a time work on a layer or a download; others wait and then find it done.
///
/// A thread that holds a download never asks for a layer, so two threads can't wait for each other.
final class LayerGate: Sendable {
    private let busy = ImageMonitor(Set<String>())

    /// Runs `body` while no other thread is inside with the same key.
    ///
    /// *Blocks.*
    func pass<Value: ~Copyable>(
        _ key: String, _ task: ImageTask, _ body: () throws(ImageError) -> Value
    ) throws(ImageError) -> Value {
        while busy.wait(milliseconds: 100, { $0.insert(key).inserted ? true : nil }) == nil { try task.check() }
        defer { busy.withLock { _ = $0.remove(key) } }
        return try body()
    }
}
