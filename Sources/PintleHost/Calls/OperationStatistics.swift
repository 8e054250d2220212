internal import Synchronization

/// Counters and a latency histogram of one operation of one instance.
///
/// Lock-free; any thread.
public final class OperationStatistics: @unchecked Sendable {
    // `counters` is allocated once and everything in it is atomic.

    /// Calls that ended, failed ones included.
    public var calls: UInt64 { histogram.reduce(0, +) }
    /// Calls that failed.
    public var failures: UInt64 { counters[Self.failed].load(ordering: .relaxed) }
    /// Time spent in calls, nanoseconds.
    public var nanoseconds: UInt64 { counters[Self.time].load(ordering: .relaxed) }
    /// How many calls took less than 2^i units of 1.024 µs and at least half of that, for each i.
    public var histogram: [UInt64] { (0..<Self.bucketCount).map { counters[$0].load(ordering: .relaxed) } }

    /// Upper bounds of the histogram's buckets: powers of two from 1.024 µs; the last one has no bound.
    public static let bucketCount = 26

    private static let failed = bucketCount
    private static let time = bucketCount + 1
    private let counters: UnsafeMutablePointer<Atomic<UInt64>>

    init() {
        counters = .allocate(capacity: Self.bucketCount + 2)
        for index in 0..<Self.bucketCount + 2 { (counters + index).initialize(to: Atomic(0)) }
    }

    deinit {
        counters.deinitialize(count: Self.bucketCount + 2)
        counters.deallocate()
    }

    func record(_ nanoseconds: UInt64, failed didFail: Bool) {
        let unit = nanoseconds >> 10
        let index = unit == 0 ? 0 : min(Self.bucketCount - 1, 64 - unit.leadingZeroBitCount)
        counters[index].add(1, ordering: .relaxed)
        counters[Self.time].add(nanoseconds, ordering: .relaxed)
        if didFail { counters[Self.failed].add(1, ordering: .relaxed) }
    }
}
