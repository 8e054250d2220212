import PintleKinds

/// Why a pod can't go to a node, in Kubernetes' words.
struct Obstacle: Sendable, Hashable {
    let text: String
    /// Whether removing other pods from the node would help.
    let isResolvable: Bool

    static let unschedulable = Obstacle(text: "node(s) were unschedulable", isResolvable: false)
    static let notReady = Obstacle(text: "node(s) were not ready", isResolvable: false)
    static let affinity = Obstacle(text: "node(s) didn't match Pod's node affinity/selector", isResolvable: false)
    static let ports = Obstacle(
        text: "node(s) didn't have free ports for the requested pod ports", isResolvable: true)
    static let tooManyPods = Obstacle(text: "Too many pods", isResolvable: true)
    static let podAffinity = Obstacle(text: "node(s) didn't match pod affinity rules", isResolvable: false)
    static let podAntiAffinity = Obstacle(text: "node(s) didn't match pod anti-affinity rules", isResolvable: true)
    static let existingAntiAffinity = Obstacle(
        text: "node(s) didn't satisfy existing pods anti-affinity rules", isResolvable: true)
    static let spread = Obstacle(
        text: "node(s) didn't match pod topology spread constraints", isResolvable: true)
    static let spreadLabel = Obstacle(
        text: "node(s) didn't match pod topology spread constraints (missing required label)", isResolvable: false)

    static func taint(_ taint: Taint) -> Obstacle {
        Obstacle(text: "node(s) had untolerated taint {\(taint.key): \(taint.value)}", isResolvable: false)
    }

    static func insufficient(_ resource: String, isResolvable: Bool) -> Obstacle {
        Obstacle(text: "Insufficient \(resource)", isResolvable: isResolvable)
    }
}
