import Glibc
import PintleHost
import PintleInterfaces

/// Measures what the host adds to a driver call; see README.md.
///
/// The argument is a driver's library, stamped.
@main
struct DriverCalls {
    static func main() async throws {
        guard CommandLine.arguments.count == 2 else {
            print("usage: driver-calls LIBRARY")
            exit(2)
        }
        let network = try NetworkInstance(measuring: CommandLine.arguments[1])
        var request = NetworkDetachRequest()
        request.attachmentId = "0123456789abcdef0123456789abcdef"
        request.interface = "eth0"
        try onThread(network, request)
        try await fromTask(network, request)
    }

    /// Medians over many runs of 1,000 calls each, made on one thread.
    private static func onThread(_ network: NetworkInstance, _ request: NetworkDetachRequest) throws {
        let runs = 2001
        let calls = 1000
        var detach: [Double] = []
        var version: [Double] = []
        var directDetach: [Double] = []
        var directVersion: [Double] = []
        for _ in 0..<runs {
            let direct = network.direct(request, count: calls)
            directDetach.append(Double(direct.detach) / Double(calls))
            directVersion.append(Double(direct.version) / Double(calls))
            let began = now()
            for _ in 0..<calls { try network.detachNow(request, deadline: began + 60_000_000_000) }
            let between = now()
            for _ in 0..<calls { _ = try network.versionNow(deadline: between + 60_000_000_000) }
            detach.append(Double(between - began) / Double(calls))
            version.append(Double(now() - between) / Double(calls))
        }
        line("driver's own time, no result (detach)", median(directDetach))
        line(
            "host's wrapper around it, deadline and counters included", median(detach) - median(directDetach), goal: 100
        )
        line("driver's own time, one result with texts (version)", median(directVersion))
        line("host's wrapper around it, copying the result included", median(version) - median(directVersion))
    }

    private static func fromTask(_ network: NetworkInstance, _ request: NetworkDetachRequest) async throws {
        var quick: [Double] = []
        var hop: [Double] = []
        var spaced: [Double] = []
        for _ in 0..<100_000 {
            let began = now()
            _ = try await network.version()
            quick.append(Double(now() - began))
        }
        for _ in 0..<100_000 {
            let began = now()
            try await network.detach(request)
            hop.append(Double(now() - began))
        }
        for _ in 0..<2_000 {
            try await Task.sleep(for: .microseconds(500))
            let began = now()
            try await network.detach(request)
            spaced.append(Double(now() - began))
        }
        line("from a task, quick operation, no hop: p50", median(quick))
        line("from a task, with the hop to a driver thread, one after the other: p50", median(hop), goal: 5000)
        line("the same: p99", percentile(hop, 0.99))
        line("the same, half a millisecond apart, so that the driver thread sleeps: p50", median(spaced))
    }

    private static func line(_ what: String, _ nanoseconds: Double, goal: Double? = nil) {
        let goal = goal.map { "   goal < \(Int($0)) ns" } ?? ""
        print("\(what): \((nanoseconds * 10).rounded() / 10) ns\(goal)")
    }

    private static func median(_ values: [Double]) -> Double { percentile(values, 0.5) }

    private static func percentile(_ values: [Double], _ part: Double) -> Double {
        let sorted = values.sorted()
        return sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))]
    }

    private static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
