/// What a probe decides.
enum ProbeKind: String, Sendable, Hashable, CaseIterable {
    /// Whether the container has started; holds the other two back until it has.
    case startup = "Startup"
    /// Whether the container takes traffic.
    case readiness = "Readiness"
    /// Whether the container must be restarted.
    case liveness = "Liveness"

    /// The container's field.
    var field: String {
        switch self {
        case .startup: "startupProbe"
        case .readiness: "readinessProbe"
        case .liveness: "livenessProbe"
        }
    }

    /// As in `Container X failed liveness probe`.
    var word: String {
        switch self {
        case .startup: "startup"
        case .readiness: "readiness"
        case .liveness: "liveness"
        }
    }
}
