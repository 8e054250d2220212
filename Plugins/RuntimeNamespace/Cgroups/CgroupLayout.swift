import PintleSystem

/// Where this machine's cgroups are, as `/proc/self/mountinfo` tells; never guessed from paths.
struct CgroupLayout: Sendable, Hashable {
    /// The hierarchies of version 1, each once.
    ///
    /// Empty on a pure version 2 machine.
    var hierarchies: [Hierarchy] = []
    /// The mount point of version 2: all controllers on a pure machine, few or none on a hybrid one.
    var unified: String?
    /// The controllers that version 2 offers, from `cgroup.controllers`.
    var unifiedControllers: [String] = []

    /// One mounted hierarchy of version 1.
    struct Hierarchy: Sendable, Hashable {
        /// Where it is mounted.
        var mountPoint: String
        /// Its controllers, or `name=…` for a named one.
        var controllers: [String]
    }

    /// Whether version 2 controls processes here.
    var isUnified: Bool { hierarchies.isEmpty && unified != nil }

    /// Reads the layout of this machine.
    static func current() throws(SystemError) -> CgroupLayout {
        var layout = CgroupLayout(mountInfo: try FileAccess.text("/proc/self/mountinfo"))
        guard !layout.hierarchies.isEmpty || layout.unified != nil else {
            throw SystemError("find cgroups in", "/proc/self/mountinfo", errno: 2)
        }
        if let unified = layout.unified, let list = try? FileAccess.text(unified + "/cgroup.controllers") {
            layout.unifiedControllers = list.split(separator: " ").map(String.init)
        }
        return layout
    }

    /// Reads the text of a `mountinfo` file.
    init(mountInfo: String) {
        var seen: Set<[String]> = []
        for line in mountInfo.split(separator: "\n") {
            guard let mount = Mount(line) else { continue }
            switch mount.type {
            case "cgroup2" where unified == nil: unified = mount.point
            case "cgroup":
                let controllers = mount.options.filter { Self.known.contains($0) || $0.hasPrefix("name=") }
                guard !controllers.isEmpty, seen.insert(controllers.sorted()).inserted else { continue }
                hierarchies.append(Hierarchy(mountPoint: mount.point, controllers: controllers))
            default: continue
            }
        }
    }

    private static let known: Set<String> = [
        "cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids", "net_cls", "net_prio",
        "perf_event", "hugetlb", "rdma", "misc",
    ]

    /// The mount point of a version 1 controller.
    func mountPoint(of controller: String) -> String? {
        hierarchies.first { $0.controllers.contains(controller) }?.mountPoint
    }

    private struct Mount {
        let point: String
        let type: Substring
        let options: [String]

        init?(_ line: Substring) {
            let halves = line.split(separator: " ", omittingEmptySubsequences: false)
            guard let dash = halves.firstIndex(of: "-"), dash + 3 < halves.count, halves.count > 5 else { return nil }
            point = Self.unescape(halves[4])
            type = halves[dash + 1]
            options = halves[dash + 3].split(separator: ",").map(String.init)
        }

        /// The kernel writes blanks and backslashes as octal numbers.
        private static func unescape(_ text: Substring) -> String {
            guard text.contains("\\") else { return String(text) }
            var bytes: [UInt8] = []
            var rest = Array(text.utf8)[...]
            while let byte = rest.popFirst() {
                if byte == UInt8(ascii: "\\"), rest.count >= 3,
                    let value = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
                {
                    bytes.append(value)
                    rest = rest.dropFirst(3)
                } else {
                    bytes.append(byte)
                }
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }
}
