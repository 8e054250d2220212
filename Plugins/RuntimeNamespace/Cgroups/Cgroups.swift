import Glibc
import PintleSystem

/// Makes, limits, measures and removes cgroups.
///
/// Paths are those below each controller's root: `/pintle-1a2b/pod…/…`.
///
/// A value without state: every function may be called from any thread. Two threads must not make and remove the same
/// cgroup at one time.
struct Cgroups: Sendable {
    let layout: CgroupLayout

    /// Every place where a cgroup of this path is.
    func directories(_ path: String) -> [String] {
        layout.hierarchies.map { $0.mountPoint + path } + (layout.unified.map { [$0 + path] } ?? [])
    }

    /// Makes a cgroup in every hierarchy, with what is missing above it.
    ///
    /// One that exists is a success.
    ///
    /// `holdsProcesses` is false for a cgroup that has only others in it, as version 2 wants to be told.
    func make(_ path: String, holdsProcesses: Bool) throws(SystemError) {
        for hierarchy in layout.hierarchies {
            try makeLevels(hierarchy.mountPoint, path) { (directory, parent) throws(SystemError) in
                // A cpuset without processors and memory takes no process.
                if hierarchy.controllers.contains("cpuset") { try inheritCpuset(directory, parent) }
            }
        }
        guard let unified = layout.unified else { return }
        try makeLevels(unified, path) { (directory, parent) throws(SystemError) in delegate(parent) }
        if !holdsProcesses { delegate(unified + path) }
    }

    private func makeLevels(
        _ root: String, _ path: String, _ prepare: (String, String) throws(SystemError) -> Void
    ) throws(SystemError) {
        var made = false
        for _ in 0..<5 where !made {
            made = true
            var directory = root
            for part in path.split(separator: "/") {
                let parent = directory
                directory += "/" + part
                if mkdir(directory, 0o755) == 0 {
                    try prepare(directory, parent)
                } else if errno == ENOENT {
                    // Somebody removed the empty level above meanwhile.
                    made = false
                    break
                } else if errno != EEXIST {
                    throw SystemError("mkdir", directory)
                }
            }
        }
        guard made else { throw SystemError("mkdir", root + path, errno: ENOENT) }
    }

    /// Takes over the parent's processors and memory nodes, and makes the cgroups below do so by themselves.
    private func inheritCpuset(_ directory: String, _ parent: String) throws(SystemError) {
        if let own = try? FileAccess.text(directory + "/cpuset.cpus"), !own.isEmpty { return }
        for file in ["/cpuset.cpus", "/cpuset.mems"] {
            let value = try FileAccess.text(parent + file)
            if !value.isEmpty { try FileAccess.write(directory + file, value) }
        }
        try? FileAccess.write(directory + "/cgroup.clone_children", "1")
    }

    /// Gives a cgroup's children its controllers.
    ///
    /// A controller that the kernel refuses stays with the parent.
    private func delegate(_ directory: String) {
        guard let offered = try? FileAccess.text(directory + "/cgroup.controllers"), !offered.isEmpty else { return }
        let given = Set(((try? FileAccess.text(directory + "/cgroup.subtree_control")) ?? "").split(separator: " "))
        for controller in offered.split(separator: " ") where !given.contains(controller) {
            try? FileAccess.write(directory + "/cgroup.subtree_control", "+\(controller)")
        }
    }

    /// Removes a cgroup, waiting up to `patience` nanoseconds for the last process to be gone.
    ///
    /// A missing one is a success.
    func remove(_ path: String, patience: UInt64 = 1_000_000_000) throws(SystemError) {
        let limit = Moment.monotonic + patience
        for directory in directories(path) {
            var pause: useconds_t = 100
            while rmdir(directory) != 0, errno != ENOENT {
                guard errno == EBUSY, Moment.monotonic < limit else { throw SystemError("rmdir", directory) }
                usleep(pause)
                pause = min(pause * 2, 10_000)
            }
        }
    }

    /// Removes the levels above a cgroup that are empty now, if they are a node's of ours.
    func removeEmptyAncestors(of path: String) {
        let parts = path.split(separator: "/")
        guard let top = parts.first, top.hasPrefix("pintle-") else { return }
        for count in (1..<max(1, parts.count)).reversed() {
            let ancestor = "/" + parts.prefix(count).joined(separator: "/")
            for directory in directories(ancestor) where rmdir(directory) != 0 && errno != ENOENT { return }
        }
    }

    /// What a process writes `0` to, to enter a cgroup of version 1: `tasks`, since a single thread that moves itself
    /// need not wait for RCU, which takes milliseconds.
    func joinFiles(_ path: String) -> [String] { layout.hierarchies.map { $0.mountPoint + path + "/tasks" } }

    /// What a process is born into, for version 2.
    func joinDirectory(_ path: String) -> String? { layout.unified.map { $0 + path } }

    /// The file that lists a cgroup's processes.
    func processFile(_ path: String) -> String {
        let root =
            layout.mountPoint(of: "pids") ?? layout.mountPoint(of: "memory") ?? layout.hierarchies.first?.mountPoint
        return (root ?? layout.unified ?? "") + path + "/cgroup.procs"
    }

    /// The file that counts processes killed for memory, in a line `oom_kill N`.
    func oomFile(_ path: String) -> String {
        if let memory = layout.mountPoint(of: "memory") { return memory + path + "/memory.oom_control" }
        return (layout.unified ?? "") + path + "/memory.events"
    }

    /// The processes of a cgroup, without those of cgroups in it.
    func processes(_ path: String) -> [pid_t] {
        ((try? FileAccess.text(processFile(path))) ?? "").split(separator: "\n").compactMap { pid_t($0) }
    }

    /// Kills every process of a cgroup and of those in it, and waits up to `patience` nanoseconds until they are gone.
    ///
    /// - Returns: whether none is left.
    @discardableResult
    func kill(_ path: String, patience: UInt64 = 1_000_000_000) -> Bool {
        let limit = Moment.monotonic + patience
        while true {
            var left = 0
            for cgroup in [path] + children(path) {
                for process in processes(cgroup) where process > 1 {
                    left += 1
                    Glibc.kill(process, SIGKILL)
                }
            }
            if left == 0 { return true }
            guard Moment.monotonic < limit else { return false }
            usleep(1_000)
        }
    }

    /// The cgroups directly in a cgroup, as paths.
    func children(_ path: String) -> [String] {
        let file = processFile(path)
        let directory = String(file.dropLast("/cgroup.procs".count))
        return FileAccess.names(in: directory).compactMap { name in
            var info = stat()
            guard lstat(directory + "/" + name, &info) == 0, info.st_mode & S_IFMT == S_IFDIR else { return nil }
            return path + "/" + name
        }
    }
}
