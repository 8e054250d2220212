internal import Synchronization

/// Counters and a latency histogram of one operation of one instance. Lock-free; any thread.
public final class OperationStatistics: Sendable {
    /// Calls that ended, failed ones included.
    public var calls: UInt64 { total.load(ordering: .relaxed) }
    /// Calls that failed.
    public var failures: UInt64 { failed.load(ordering: .relaxed) }
    /// Time spent in calls, nanoseconds.
    public var nanoseconds: UInt64 { time.load(ordering: .relaxed) }

    /// Upper bounds of the histogram's buckets: powers of two from 1 µs; the last one has no bound.
    public static let bucketCount = 26

    private let total = Atomic<UInt64>(0)
    private let failed = Atomic<UInt64>(0)
    private let time = Atomic<UInt64>(0)
    private let buckets: [Bucket] = (0..<bucketCount).map { _ in Bucket() }

    private final class Bucket: Sendable { let count = Atomic<UInt64>(0) }

    func record(_ nanoseconds: UInt64, failed didFail: Bool) {
        total.add(1, ordering: .relaxed)
        time.add(nanoseconds, ordering: .relaxed)
        if didFail { failed.add(1, ordering: .relaxed) }
        let microseconds = nanoseconds >> 10
        let index = microseconds == 0 ? 0 : min(Self.bucketCount - 1, 64 - microseconds.leadingZeroBitCount)
        buckets[index].count.add(1, ordering: .relaxed)
    }

    /// How many calls took less than 2^i microseconds and at least half of that, for each i.
    public var histogram: [UInt64] { buckets.map { $0.count.load(ordering: .relaxed) } }
}
