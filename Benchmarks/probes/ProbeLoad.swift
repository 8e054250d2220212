import Glibc
import PintleNode

/// Measures many HTTP probes; see README.md.
@main
struct ProbeLoad {
    static func main() async throws {
        switch CommandLine.arguments.dropFirst().first {
        case "server": serve()
        case "probes":
            sleep(1)
            await probe()
        default:
            print("usage: probe-load server|probes")
            exit(2)
        }
    }

    static let port: UInt16 = 18_973

    /// Answers one connection after the other; its CPU is not counted.
    private static func serve() -> Never {
        signal(SIGPIPE, SIG_IGN)
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var one: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard bound == 0, listen(listener, 4096) == 0 else {
            perror("probe-load server")
            exit(1)
        }
        let answer = Array("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok".utf8)
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else { continue }
            _ = read(connection, &buffer, buffer.count)
            _ = write(connection, answer, answer.count)
            close(connection)
        }
    }

    private static func probe() async {
        let count = 500, seconds = 20
        let load = ProbeLoadMeasure(pods: count, port: Int64(port))
        // Until every probe has begun.
        try? await Task.sleep(for: .seconds(3))
        load.reset()
        let before = usage()
        try? await Task.sleep(for: .seconds(seconds))
        let after = usage()
        let late = load.lateness.sorted()
        load.stop()
        guard !late.isEmpty else {
            print("no check began")
            exit(1)
        }
        func percent(_ value: Double) -> Double { (value / Double(seconds) * 1000).rounded() / 10 }
        func milliseconds(_ share: Double) -> Double {
            (Double(late[min(late.count - 1, Int(Double(late.count) * share))]) / 1e4).rounded() / 100
        }
        print("checks a second: \(late.count / seconds), of which failed: \(load.failures / seconds)")
        print(
            "CPU of one core: \(percent(after.cpu - before.cpu)) % (system \(percent(after.system - before.system)) %)")
        print("begun late by, ms: median \(milliseconds(0.5)), p99 \(milliseconds(0.99)), worst \(milliseconds(1))")
        print("context switches a second: \((after.switches - before.switches) / seconds)")
        print("memory: \(after.memory / 1024) MB resident")
    }

    private static func usage() -> (cpu: Double, system: Double, switches: Int, memory: Int) {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return (
            seconds(usage.ru_utime) + seconds(usage.ru_stime), seconds(usage.ru_stime),
            usage.ru_nvcsw + usage.ru_nivcsw, usage.ru_maxrss
        )
    }
}
