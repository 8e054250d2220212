import PintleKinds
import PintleObjects

/// The condition of a pod that has no node.
enum Unschedulable {
    /// Sets `PodScheduled` to `False`; tells whether that changed anything.
    static func mark(_ pod: inout JSON, _ message: String, now: Timestamp) -> Bool {
        PodConditions.set(
            "PodScheduled", status: "False", reason: "Unschedulable", message: message, in: &pod["status"], now: now)
    }
}
