internal import Glibc

/// What the node agent needs to know of the machine.
struct Machine: Sendable {
    var cpus: Int64
    var memoryBytes: Int64
    var diskBytes: Int64
    /// How many huge pages there are, by their size in bytes.
    var hugePages: [Int64: Int64] = [:]
    var kernel: String
    var osImage: String
    var machineID: String
    var bootID: String
    var systemUUID: String
    var architecture: String
    /// Addresses of the machine, IPv4 first, none of loopback or link-local.
    var addresses: [String]

    /// Reads /proc, /etc and the links.
    ///
    /// `disk` is a path on the file system that pods write to, `bootID` where the kernel tells which boot this is. Blocks
    /// briefly.
    static func read(disk path: String = "/", bootID: String = "/proc/sys/kernel/random/boot_id") -> Machine {
        var names = utsname()
        uname(&names)
        let kernel = withUnsafeBytes(of: names.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        let machine = withUnsafeBytes(of: names.machine) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        var disk = statvfs()
        if statvfs(path, &disk) != 0 { statvfs("/", &disk) }
        let memory =
            PodFiles.read("/proc/meminfo").split(separator: "\n").first { $0.hasPrefix("MemTotal:") }
            .flatMap { line in line.split(separator: " ").dropFirst().first.flatMap { Int64($0) } } ?? 0
        let os =
            PodFiles.read("/etc/os-release").split(separator: "\n").first { $0.hasPrefix("PRETTY_NAME=") }
            .map { $0.dropFirst("PRETTY_NAME=".count).filter { $0 != "\"" } } ?? "Linux"
        func line(_ path: String) -> String { String(PodFiles.read(path).prefix { $0 != "\n" }) }
        return Machine(
            cpus: Int64(sysconf(Int32(_SC_NPROCESSORS_ONLN))), memoryBytes: memory * 1024,
            diskBytes: Int64(disk.f_blocks) * Int64(disk.f_frsize), hugePages: hugePages(),
            kernel: kernel, osImage: String(os),
            machineID: line("/etc/machine-id"), bootID: line(bootID),
            systemUUID: line("/sys/class/dmi/id/product_uuid"), architecture: machine == "aarch64" ? "arm64" : "amd64",
            addresses: interfaceAddresses())
    }

    private static func hugePages() -> [Int64: Int64] {
        var pages: [Int64: Int64] = [:]
        for (size, name) in [(Int64(2) << 20, "2048"), (1 << 30, "1048576")] {
            let text = PodFiles.read("/sys/kernel/mm/hugepages/hugepages-\(name)kB/nr_hugepages")
            pages[size] = Int64(text.prefix { $0.isNumber }) ?? 0
        }
        return pages
    }

    private static func interfaceAddresses() -> [String] {
        var head: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&head) == 0 else { return ["127.0.0.1"] }
        defer { freeifaddrs(head) }
        var v4: [String] = [], v6: [String] = []
        var next = head
        while let entry = next {
            next = entry.pointee.ifa_next
            let name = String(cString: entry.pointee.ifa_name)
            guard let address = entry.pointee.ifa_addr, entry.pointee.ifa_flags & UInt32(IFF_LOOPBACK) == 0 else {
                continue
            }
            guard !name.hasPrefix("pintle-"), entry.pointee.ifa_flags & UInt32(IFF_UP) != 0 else { continue }
            let family = Int32(address.pointee.sa_family)
            guard family == AF_INET || family == AF_INET6 else { continue }
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let size = socklen_t(family == AF_INET ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size)
            guard getnameinfo(address, size, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 else {
                continue
            }
            let found = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if family == AF_INET { v4.append(found) } else if !found.hasPrefix("fe80") { v6.append(found) }
        }
        let all = (v4.first.map { [$0] } ?? []) + (v6.first.map { [$0] } ?? [])
        return all.isEmpty ? ["127.0.0.1"] : all
    }
}
