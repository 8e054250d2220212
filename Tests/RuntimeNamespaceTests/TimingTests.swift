import Glibc
import PintleInterfaces
import PintleSDK
import PintleSystem
import Testing

@testable import RuntimeNamespaceCore

extension RuntimeDriver {
    @Suite("Time")
    struct TimingTests {
        /// Milliseconds that this process (`RUSAGE_SELF`, 0) and those of its children that have ended (`RUSAGE_CHILDREN`, -1) used.
        private static var processorTime: Double {
            [Int32(0), -1].reduce(0) { sum, who in
                var usage = rusage()
                getrusage(who, &usage)
                return sum + Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3
                    + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3
            }
        }

        /// Medians, for people.
        ///
        /// The claim is about the fastest, since the machine may be busy.
        @Test("a pod with one container starts and ends in milliseconds")
        func startAndEnd() throws {
            let node = try TestNode()
            var steps: [String: [Double]] = [:]
            func measure<R>(_ step: String, _ body: () throws -> R) rethrows -> R {
                let before = Moment.monotonic
                defer { steps[step, default: []].append(Double(Moment.monotonic - before) / 1e6) }
                return try body()
            }
            let before = Self.processorTime
            for _ in 0..<30 {
                try measure("all") {
                    let pod = try measure("1 run sandbox") { try TestPod(node) }
                    let container = try measure("2 create container") { try pod.create("") { $0.command = ["true"] } }
                    try measure("3 start container") { try pod.start(container) }
                    _ = try measure("4 wait for end") { try pod.finish(container) }
                    try measure("5 remove container") { try pod.remove(container) }
                    var ref = RuntimeSandboxRef()
                    ref.id = pod.id
                    try measure("6 stop sandbox") { try node.driver.stopSandbox(ref, .unbounded) }
                    try measure("7 remove sandbox") { try node.driver.removeSandbox(ref, .unbounded) }
                }
            }
            for (step, times) in steps.sorted(by: { $0.key < $1.key }) {
                let sorted = times.sorted()
                print("\(step): median \(sorted[sorted.count / 2]) ms, max \(sorted[sorted.count - 1]) ms")
            }
            let processor = (Self.processorTime - before) / 30
            print("processor time of each, all processes: \(processor) ms")
            #expect((steps["all"]?.min() ?? .infinity) < 60)
            try node.close()
        }
    }
}
