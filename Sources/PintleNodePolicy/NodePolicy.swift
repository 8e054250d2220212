public import PintleObjects

/// How a node shares out what it has and protects itself.
///
/// Names and defaults are those of Kubernetes' KubeletConfiguration unless a field says otherwise. Durations are
/// seconds.
public struct NodePolicy: Sendable, Hashable {
    /// Kept for the system's own daemons, by resource name.
    public var systemReserved: [String: Quantity] = [:]
    /// Kept for Pintle itself, by resource name.
    public var kubeReserved: [String: Quantity] = [:]
    /// Pods are ended at once below these.
    public var evictionHard: [EvictionThreshold] = EvictionThreshold.defaults
    /// Pods are ended when it has been below these for the threshold's grace period.
    public var evictionSoft: [EvictionThreshold] = []
    /// The longest grace period of a pod that a soft threshold ends.
    public var evictionMaxPodGracePeriod: Int64 = 0
    /// How long a pressure condition stays after its cause is gone.
    public var evictionPressureTransitionPeriod: Double = 300
    /// The directory of static pods; empty means none.
    public var staticPodPath = ""
    /// The longest time between two checks of a pod against what runs.
    public var syncFrequency: Double = 60
    /// How images are pulled and kept.
    public var images = ImagePolicy()
    /// How much time pods have, by priority, when the machine goes down; lowest priority first.
    public var shutdown: [ShutdownBand] = []

    /// Kubernetes' defaults.
    public init() {}

    /// What pods can't have of a resource because it is reserved.
    public func reserved(_ resource: String) -> Quantity {
        (systemReserved[resource] ?? Quantity(0)) + (kubeReserved[resource] ?? Quantity(0))
    }
}

/// Pods of a priority, and how long they have to end when the machine goes down.
public struct ShutdownBand: Sendable, Hashable {
    /// The lowest priority that belongs to the band.
    public var priority: Int64
    /// Seconds.
    public var gracePeriod: Int64

    /// Makes a band.
    public init(priority: Int64, gracePeriod: Int64) {
        self.priority = priority
        self.gracePeriod = gracePeriod
    }
}
