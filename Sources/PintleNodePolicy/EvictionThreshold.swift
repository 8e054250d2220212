/// When the node has too little of something: `memory.available<100Mi`.
public struct EvictionThreshold: Sendable, Hashable {
    /// What is measured.
    public enum Signal: String, Sendable, Hashable, CaseIterable {
        /// Memory that can be had without swapping.
        case memoryAvailable = "memory.available"
        /// Bytes free where the node keeps its data.
        case nodefsAvailable = "nodefs.available"
        /// Inodes free there.
        case nodefsInodesFree = "nodefs.inodesFree"
        /// Bytes free where images are.
        case imagefsAvailable = "imagefs.available"
        /// Inodes free there.
        case imagefsInodesFree = "imagefs.inodesFree"
        /// Bytes free where containers write.
        case containerfsAvailable = "containerfs.available"
        /// Inodes free there.
        case containerfsInodesFree = "containerfs.inodesFree"
        /// Process ids that are free.
        case pidAvailable = "pid.available"
    }

    /// An amount, or a share of what there is.
    public enum Amount: Sendable, Hashable {
        /// Bytes, inodes or process ids.
        case absolute(Int64)
        /// From 0 to 1.
        case share(Double)

        /// The amount when there are `capacity` in all.
        public func of(_ capacity: Int64) -> Int64 {
            switch self {
            case .absolute(let amount): amount
            case .share(let share): Int64((Double(capacity) * share).rounded(.down))
            }
        }
    }

    /// What is measured.
    public var signal: Signal
    /// Less than this is too little.
    public var amount: Amount
    /// How long it may last before pods are ended, seconds; 0 for a hard threshold.
    public var gracePeriod: Double
    /// How much more than the threshold is to be won back.
    public var minimumReclaim: Amount

    /// Makes a threshold.
    public init(
        _ signal: Signal, _ amount: Amount, gracePeriod: Double = 0, minimumReclaim: Amount = .absolute(0)
    ) {
        self.signal = signal
        self.amount = amount
        self.gracePeriod = gracePeriod
        self.minimumReclaim = minimumReclaim
    }

    /// Kubernetes' hard thresholds on Linux.
    public static let defaults = [
        EvictionThreshold(.memoryAvailable, .absolute(100 << 20)), EvictionThreshold(.nodefsAvailable, .share(0.1)),
        EvictionThreshold(.nodefsInodesFree, .share(0.05)), EvictionThreshold(.imagefsAvailable, .share(0.15)),
        EvictionThreshold(.imagefsInodesFree, .share(0.05)),
    ]
}
