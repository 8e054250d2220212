import Glibc
import PintleInterfaces
import PintleObjects
import PintleProbes
import Testing

@testable import PintleNode

@Suite("When probes check and what follows")
struct ProbeScheduleTests {
    @Test("a readiness probe checks when its delay is over, and the container is not ready before it succeeds")
    func readiness() {
        var bench = ProbeBench(readiness: ["initialDelaySeconds": 3, "periodSeconds": 5])
        bench.run(id: "c0")
        #expect(bench.due(.readiness) == 3)
        #expect(bench.results.started("main", "c0") && !bench.results.ready("main", "c0"))
        bench.check(.readiness, .failure("no"))
        #expect(bench.due(.readiness) == 8)
        #expect(bench.events == ["Warning Unhealthy Readiness probe failed: no"])
        #expect(bench.told.isEmpty)
        bench.check(.readiness, .success)
        #expect(bench.told == [.changed] && bench.results.ready("main", "c0"))
        bench.check(.readiness, .success)
        #expect(bench.told == [.changed])
    }

    @Test("thresholds count results in a row")
    func thresholds() {
        var bench = ProbeBench(readiness: ["successThreshold": 2, "failureThreshold": 3])
        bench.run(id: "c0")
        for outcome: ProbeOutcome in [.success, .failure("1"), .success] { bench.check(.readiness, outcome) }
        #expect(!bench.results.ready("main", "c0"))
        bench.check(.readiness, .success)
        #expect(bench.results.ready("main", "c0"))
        for outcome: ProbeOutcome in [.failure("1"), .failure("2"), .success, .failure("1"), .failure("2")] {
            bench.check(.readiness, outcome)
        }
        #expect(bench.results.ready("main", "c0"))
        bench.check(.readiness, .failure("3"))
        #expect(!bench.results.ready("main", "c0"))
        #expect(bench.told == [.changed, .changed])
    }

    @Test("a check that could not be done counts neither way, and a warning is a success")
    func oddOutcomes() {
        var bench = ProbeBench(readiness: ["failureThreshold": 1])
        bench.run(id: "c0")
        bench.check(.readiness, .warning("redirected"))
        bench.check(.readiness, .error("no port"))
        #expect(bench.results.ready("main", "c0"))
        #expect(
            bench.events == [
                "Warning ProbeWarning Readiness probe warning: redirected",
                "Warning Unhealthy Readiness probe errored and resulted in unknown state: no port",
            ])
        #expect(bench.schedule.counts == [ProbeCount(container: "main", kind: .readiness, successful: 1, unknown: 1)])
    }

    @Test("liveness that fails often enough has the container killed once, with the probe's grace period")
    func liveness() {
        var bench = ProbeBench(liveness: [
            "periodSeconds": 5, "failureThreshold": 2, "terminationGracePeriodSeconds": 7,
        ])
        bench.run(id: "c0")
        #expect(bench.due(.liveness) == 5)
        #expect(bench.results.ready("main", "c0"))
        bench.check(.liveness, .failure("dead"))
        #expect(bench.told.isEmpty)
        bench.check(.liveness, .failure("dead"))
        #expect(
            bench.told == [.unhealthy(container: "main", containerID: "c0", gracePeriodSeconds: 7, kind: .liveness)])
        #expect(bench.events.last == "Normal Killing Container main failed liveness probe, will be restarted")
        #expect(bench.results.unhealthy["c0"] == .init(kind: .liveness, gracePeriodSeconds: 7))
        #expect(bench.due(.liveness) == nil)
        bench.run(id: "c1")
        #expect(bench.results.unhealthy.isEmpty)
        bench.check(.liveness, .failure("dead"))
        #expect(bench.told.count == 1)
    }

    @Test("a pod that never restarts is told so in the event")
    func never() {
        var bench = ProbeBench(liveness: ["failureThreshold": 1], policy: "Never")
        bench.run(id: "c0")
        bench.check(.liveness, .failure("dead"))
        #expect(bench.events.last == "Normal Killing Container main failed liveness probe")
    }

    @Test("a startup probe holds back the others; then readiness checks at once and liveness after a period")
    func startup() {
        var bench = ProbeBench(
            liveness: ["periodSeconds": 4], readiness: ["periodSeconds": 4],
            startup: ["periodSeconds": 2, "failureThreshold": 3])
        bench.run(id: "c0")
        #expect(bench.due(.startup) == 0 && bench.due(.readiness) == nil && bench.due(.liveness) == nil)
        #expect(!bench.results.started("main", "c0") && !bench.results.ready("main", "c0"))
        bench.check(.startup, .failure("early"))
        #expect(bench.events.isEmpty)
        bench.check(.startup, .failure("1"))
        bench.check(.startup, .success)
        #expect(bench.now == 4)
        #expect(bench.told == [.changed] && bench.results.started("main", "c0"))
        #expect(bench.due(.startup) == nil && bench.due(.readiness) == 4 && bench.due(.liveness) == 8)
    }

    @Test("a startup probe that fails has the container killed, and the next one begins anew")
    func startupFails() {
        var bench = ProbeBench(startup: ["initialDelaySeconds": 1, "periodSeconds": 1, "failureThreshold": 2])
        bench.run(id: "c0")
        bench.check(.startup, .failure("1"))
        bench.check(.startup, .failure("2"))
        #expect(
            bench.told == [.unhealthy(container: "main", containerID: "c0", gracePeriodSeconds: nil, kind: .startup)])
        #expect(bench.events.last == "Normal Killing Container main failed startup probe, will be restarted")
        bench.exit()
        #expect(bench.results == ProbeResults(withStartup: ["main"]))
        bench.run(id: "c1")
        bench.check(.startup, .success)
        #expect(bench.results.started("main", "c1") && !bench.results.started("main", "c0"))
    }

    @Test("a result of a container that has been replaced meanwhile is forgotten")
    func late() {
        var bench = ProbeBench(readiness: [:])
        bench.run(id: "c0")
        let old = bench.begin(.readiness)
        bench.run(id: "c1")
        bench.finish(.readiness, old, .success)
        #expect(bench.told.isEmpty && !bench.results.ready("main", "c0") && !bench.results.ready("main", "c1"))
        bench.check(.readiness, .success)
        #expect(bench.results.ready("main", "c1"))
    }

    @Test("checks keep their beat; one that took longer than the period is followed by the next at once")
    func beat() {
        var bench = ProbeBench(readiness: ["periodSeconds": 2, "timeoutSeconds": 9])
        bench.run(id: "c0")
        bench.check(.readiness, .success, after: 0.5)
        #expect(bench.due(.readiness) == 2)
        bench.check(.readiness, .success, after: 5)
        #expect(bench.now == 7 && bench.due(.readiness) == 6)
        bench.check(.readiness, .success)
        #expect(bench.due(.readiness) == 8)
    }

    @Test("two checks of one probe never overlap, however often it is woken")
    func overlap() {
        var bench = ProbeBench(readiness: [:])
        bench.run(id: "c0")
        let serial = bench.begin(.readiness)
        #expect(bench.schedule.due(bench.key(.readiness), serial, now: 60_000_000_000).isEmpty)
    }

    @Test("deletion ends liveness and startup and leaves readiness until the container has ended")
    func deletion() {
        var bench = ProbeBench(liveness: [:], readiness: [:], startup: ["failureThreshold": 1])
        bench.run(id: "c0")
        let startup = bench.begin(.startup)
        bench.delete()
        bench.finish(.startup, startup, .failure("gone"))
        #expect(bench.due(.liveness) == nil && bench.due(.startup) == nil && bench.due(.readiness) != nil)
        bench.check(.readiness, .success)
        #expect(bench.results.ready("main", "c0"))
        bench.exit()
        #expect(bench.due(.readiness) == nil)
        #expect(bench.told == [.changed])
    }

    @Test("after a restart of the node agent a container keeps what it was, and checks are spread over a period")
    func adopted() {
        var bench = ProbeBench(liveness: [:], readiness: [:], startup: [:], random: 0.25)
        bench.statuses = [["name": "main", "containerID": "pintle://c0", "started": true, "ready": true]]
        bench.run(id: "c0", age: 3600)
        #expect(bench.results.started("main", "c0") && bench.results.ready("main", "c0"))
        #expect(bench.due(.startup) == nil && bench.due(.readiness) == 2.5 && bench.due(.liveness) == 2.5)
        for _ in 0..<2 { bench.check(.readiness, .failure("no")) }
        #expect(bench.results.ready("main", "c0"))
        bench.check(.readiness, .failure("no"))
        #expect(!bench.results.ready("main", "c0"))
    }

    @Test("a restartable init container's probes count, those of others do not exist")
    func sidecars() {
        let probe: JSON = ["httpGet": ["port": "web"]]
        var bench = ProbeBench()
        bench.pod["spec"] = [
            "initContainers": [
                [
                    "name": "side", "restartPolicy": "Always", "readinessProbe": probe,
                    "ports": [["name": "web", "containerPort": 8080]],
                ],
                ["name": "once", "readinessProbe": probe],
            ],
            "containers": [["name": "main"]],
        ]
        bench.run(id: "s0", name: "side")
        #expect(bench.results.withReadiness == ["side"])
        _ = bench.begin(.readiness, "side")
        #expect(
            bench.checks.last == .network(.http(.init(host: "10.0.0.9", port: 8080, path: "/"))))
    }

    @Test("a probe that fails for ever writes a bounded number of events")
    func eventLimit() {
        var bench = ProbeBench(readiness: ["periodSeconds": 1])
        bench.run(id: "c0")
        for _ in 0..<600 { bench.check(.readiness, .failure("no")) }
        #expect(bench.events.count == 26)
    }

    @Test("numbers out of range do not stop the node", arguments: [Int64.min, -1, 0, Int64.max])
    func absurd(_ number: Int64) {
        let fields = [
            "initialDelaySeconds", "periodSeconds", "timeoutSeconds", "successThreshold", "failureThreshold",
            "terminationGracePeriodSeconds",
        ]
        var probe: JSON = [:]
        for field in fields { probe[field] = .integer(number) }
        var bench = ProbeBench(liveness: probe, readiness: probe, startup: probe)
        bench.run(id: "c0")
        for _ in 0..<3 { bench.check(.startup, .success) }
        #expect(bench.now >= 0)
    }

    @Test("in any order of events at most one wake-up is asked for, and results are only those of what runs")
    func anyOrder() {
        let given = getenv("PINTLE_TEST_SEED").flatMap { UInt64(String(cString: $0)) }
        let seed = given ?? UInt64.random(in: 0...UInt64.max)
        print("PINTLE_TEST_SEED=\(seed)")
        var random = Seeded(state: seed)
        for _ in 0..<300 {
            var bench = ProbeBench(
                liveness: ["failureThreshold": 1], readiness: ["periodSeconds": 1], startup: ["periodSeconds": 3])
            var container = 0
            for _ in 0..<60 {
                switch Int.random(in: 0..<10, using: &random) {
                case 0:
                    container += 1
                    bench.run(id: "c\(container)")
                case 1: bench.exit()
                case 2: bench.update()
                case 3 where Int.random(in: 0..<10, using: &random) == 0: bench.delete()
                default:
                    let kind = ProbeKind.allCases.randomElement(using: &random) ?? .readiness
                    let outcomes: [ProbeOutcome] = [.success, .failure("x"), .error("y"), .warning("z")]
                    if bench.due(kind) != nil { bench.check(kind, outcomes.randomElement(using: &random) ?? .success) }
                }
                let live = Set([bench.running].compactMap { $0 })
                #expect(bench.results.readyIDs.isSubset(of: live) && bench.results.startedIDs.isSubset(of: live))
                #expect(Set(bench.results.unhealthy.keys).isSubset(of: live))
                #expect(live.isEmpty ? bench.wakes.isEmpty : true)
            }
        }
    }

    private struct Seeded: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var z = state
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            return z ^ (z >> 31)
        }
    }
}
