internal import PintleInterfaces
internal import PintleObjects
internal import PintleProbes
internal import Synchronization

/// Many pods with one HTTP probe a second each against a port of this machine, for the benchmark in `Benchmarks/probes`.
///
/// Everything but the pods themselves is what the node agent uses.
public final class ProbeLoadMeasure: Sendable {
    private let probes = Mutex<[PodProbes]>([])
    private let seen = Mutex((lateness: [Int64](), failures: 0))

    /// Makes the pods and starts their probes, spread over a second.
    ///
    /// - Parameters:
    ///   - pods: How many.
    ///   - port: What is probed on the loopback address.
    public init(pods: Int, port: Int64) {
        for index in 0..<pods { start(index, of: pods, port) }
    }

    /// By how many nanoseconds each check began late, since the last ``reset()``.
    public var lateness: [Int64] { seen.withLock { $0.lateness } }

    /// How many checks failed since the last ``reset()``.
    public var failures: Int { seen.withLock { $0.failures } }

    /// Counts from zero again.
    public func reset() { seen.withLock { $0 = ([], 0) } }

    /// Ends all probes.
    public func stop() {
        for one in probes.withLock({ $0 }) { one.stop() }
    }

    private func start(_ index: Int, of count: Int, _ port: Int64) {
        var environment = ProbeEnvironment.machine(exec: { _, _, _ in .success }, record: { _, _, _, _, _ in })
        let schedule = environment.schedule, check = environment.check, now = environment.now
        environment.random = { Double(index) / Double(count) }
        environment.schedule = { delay, body in
            let due = now() + delay
            return schedule(delay) { [weak self] in
                self?.seen.withLock { $0.lateness.append(now() - due) }
                body()
            }
        }
        environment.check = { what, seconds, done in
            check(what, seconds) { [weak self] outcome in
                if outcome != .success { self?.seen.withLock { $0.failures += 1 } }
                done(outcome)
            }
        }
        let pod: JSON = [
            "metadata": ["name": .string("pod-\(index)"), "namespace": "default", "uid": .string("\(index)")],
            "spec": [
                "containers": [
                    [
                        "name": "main",
                        "livenessProbe": [
                            "httpGet": ["host": "127.0.0.1", "port": .integer(port), "path": "/healthz"],
                            "periodSeconds": 1,
                        ],
                    ]
                ]
            ],
        ]
        var container = RuntimeContainerStatus()
        container.id = "\(index)"
        container.name = "main"
        container.state = .running
        let one = PodProbes(environment: environment) { _ in }
        one.update(pod: pod, view: PodView(sandboxes: [], containers: [container]), podIPs: [])
        probes.withLock { $0.append(one) }
    }
}
