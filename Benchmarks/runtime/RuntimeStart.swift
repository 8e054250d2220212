import Glibc
import PintleHost
import PintleInterfaces
import PintleLedger
import PintleObjects

/// Starts and ends one-container pods through the runtime driver, ledger included; see README.md.
///
/// Arguments: a data directory whose image store has busybox:1.35, a run directory, and how many pods.
@main
struct RuntimeStart {
    static func main() async throws {
        guard CommandLine.arguments.count == 4, let count = Int(CommandLine.arguments[3]) else {
            print("usage: runtime-start DATA-DIRECTORY RUN-DIRECTORY COUNT")
            exit(2)
        }
        let data = CommandLine.arguments[1]
        var options = JSONObject()
        options["dataDir"] = .string(data)
        options["runDir"] = .string(CommandLine.arguments[2])
        let file = try ConfigurationFile(
            """
            apiVersion: pintle.dev/v1alpha1
            kind: Configuration
            drivers:
              - plugin: dev.pintle.namespace
                interface: pintle.runtime/1
            """, path: "the benchmark's configuration")
        let host = try DriverHost(
            file,
            facts: DriverHost.Facts(
                instanceID: "be4c40a1", builtInFolder: folder(), stateDirectory: "\(data)/drivers", options: options),
            ledger: try Ledger(directory: data), sink: Quiet())
        var pods: [Times] = []
        for number in 0..<count { pods.append(try await pod(number, host.runtime, data)) }
        host.close()
        print(line("pintle: sandbox and container start", pods.map { $0.sandbox + $0.create + $0.start }))
        print(line("  of that, run sandbox", pods.map(\.sandbox)))
        print(line("  create container", pods.map(\.create)))
        print(line("  start container", pods.map(\.start)))
        print(line("pintle: both end", pods.map(\.end)))
    }

    /// Milliseconds of each step.
    private struct Times {
        var sandbox = 0.0, create = 0.0, start = 0.0, end = 0.0
    }

    private static func pod(_ number: Int, _ runtime: any RuntimeService, _ data: String) async throws -> Times {
        var sandbox = RuntimeRunSandboxRequest()
        sandbox.id = identity("a", number)
        sandbox.name = sandbox.id
        sandbox.podNamespace = "bench"
        sandbox.uid = sandbox.id
        sandbox.hostname = sandbox.id
        sandbox.logDirectory = "\(data)/log/\(sandbox.id)"
        sandbox.cgroupParent = "/pintle-bench/\(sandbox.id)"
        var container = RuntimeCreateContainerRequest()
        container.id = identity("b", number)
        container.sandboxId = sandbox.id
        container.name = "main"
        container.image = "busybox:1.35"
        container.command = ["sleep", "1000"]
        container.logPath = "main/0.log"
        var containerRef = RuntimeContainerRef()
        containerRef.id = container.id
        var sandboxRef = RuntimeSandboxRef()
        sandboxRef.id = sandbox.id

        var times = Times()
        var began = now()
        func lap() -> Double {
            defer { began = now() }
            return Double(now() - began) / 1e6
        }
        let result = try await runtime.runSandbox(sandbox)
        if result.netnsFd > 0 { close(result.netnsFd) }
        times.sandbox = lap()
        _ = try await runtime.createContainer(container)
        times.create = lap()
        _ = try await runtime.startContainer(containerRef)
        times.start = lap()
        try await runtime.stopSandbox(sandboxRef)
        try await runtime.removeSandbox(sandboxRef)
        times.end = lap()
        return times
    }

    /// 64 hexadecimal digits, as identifiers of the runtime interface are.
    private static func identity(_ prefix: Character, _ number: Int) -> String {
        let digits = String(number)
        return String(repeating: prefix, count: 64 - digits.count) + digits
    }

    private static func folder() -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = max(0, readlink("/proc/self/exe", &buffer, 4095))
        let path = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    }

    private static func line(_ what: String, _ milliseconds: [Double]) -> String {
        let sorted = milliseconds.sorted()
        func part(_ share: Double) -> String {
            let hundredths = Int((sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))] * 100).rounded())
            return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
        }
        return "\(what)\t\(part(0.5))\t\(part(0.99))"
    }

    private static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

private struct Quiet: DriverSink {
    func log(_ level: DriverLogLevel, _ driver: String, _ message: String) {
        if level >= .warning { print("\(driver): \(message)") }
    }
    func event(_ level: DriverLogLevel, _ driver: String, reason: String, _ message: String) {}
    func metric(_ driver: String, _ name: String, add: Int64) {}
}
