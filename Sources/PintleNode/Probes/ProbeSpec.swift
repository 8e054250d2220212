internal import PintleObjects

/// One probe of a container as its spec has it, defaults filled in.
struct ProbeSpec: Sendable, Hashable {
    let kind: ProbeKind
    let handler: JSON
    /// Nanoseconds after the container's start.
    let initialDelay: Int64
    /// Nanoseconds between two checks.
    let period: Int64
    /// Seconds.
    let timeout: Int64
    let successThreshold: Int
    let failureThreshold: Int
    /// The probe's own; nil means the pod's.
    let gracePeriodSeconds: Int64?

    init(_ kind: ProbeKind, _ probe: JSON) {
        func number(_ field: String, _ fallback: Int64) -> Int64 {
            let value = probe[field].int ?? 0
            return value > 0 ? min(value, Int64(Int32.max)) : fallback
        }
        self.kind = kind
        handler = probe
        initialDelay = number("initialDelaySeconds", 0) * 1_000_000_000
        period = number("periodSeconds", 10) * 1_000_000_000
        timeout = number("timeoutSeconds", 1)
        successThreshold = Int(number("successThreshold", 1))
        failureThreshold = Int(number("failureThreshold", 3))
        gracePeriodSeconds = kind == .readiness ? nil : probe["terminationGracePeriodSeconds"].int
    }

    /// A container's probes.
    static func all(of container: JSON) -> [ProbeSpec] {
        ProbeKind.allCases.compactMap { kind in
            container[kind.field].isNull ? nil : ProbeSpec(kind, container[kind.field])
        }
    }
}
