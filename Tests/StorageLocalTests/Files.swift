import CPintleStorage
import Glibc
import Synchronization

@testable import PintleVolumes

func makeDirectory(_ path: String) throws { try check(mkdir(path, 0o755), "mkdir \(path)") }

func makeLink(to target: String, at path: String) throws { try check(symlink(target, path), "symlink \(path)") }

func write(_ text: String, to path: String) throws {
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    guard file >= 0 else { throw TestFailure(description: "open \(path): \(String(cString: strerror(errno)))") }
    defer { close(file) }
    let bytes = Array(text.utf8)
    guard Glibc.write(file, bytes, bytes.count) == bytes.count else {
        throw TestFailure(description: "write \(path): \(String(cString: strerror(errno)))")
    }
}

extension String {
    /// The whole file; works for /proc, too.
    init(contentsOf path: String) throws {
        let file = open(path, O_RDONLY)
        guard file >= 0 else { throw TestFailure(description: "open \(path): \(String(cString: strerror(errno)))") }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(file, &buffer, buffer.count)
            if count <= 0 { break }
            bytes += buffer[..<count]
        }
        self = String(decoding: bytes, as: UTF8.self)
    }
}

func status(_ path: String) throws -> FileStatus? { try FileStatus(path, in: AT_FDCWD, shown: path) }

func exists(_ path: String) -> Bool { (try? status(path)) != nil }

func mode(_ path: String) throws -> UInt32 { try status(path)?.permissions ?? 0 }

func makeSocket(_ path: String) throws {
    let file = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(file) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
    let result = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(file, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
    }
    try check(result, "bind \(path)")
}

func makeDevice(_ path: String, _ kind: mode_t, _ major: UInt32, _ minor: UInt32) throws {
    try check(mknod(path, kind | 0o600, dev_t(major << 8 | minor)), "mknod \(path)")
}

func mountTmpfs(_ path: String) throws { try check(mount("tmpfs", path, "tmpfs", 0, nil), "mount tmpfs \(path)") }

func bindMount(_ source: String, _ target: String) throws {
    try check(mount(source, target, nil, UInt(MS_BIND), nil), "bind \(target)")
}

func setPropagation(_ path: String, _ flags: UInt) throws {
    try check(mount("none", path, nil, flags, nil), "propagation")
}

/// A thread to be joined.
struct RunningThread {
    fileprivate let thread: pthread_t
    func join() { pthread_join(thread, nil) }
}

private final class ThreadBody: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

func onThread(_ body: @escaping @Sendable () -> Void) throws -> RunningThread {
    var thread = pthread_t()
    let context = Unmanaged.passRetained(ThreadBody(body)).toOpaque()
    let result = pthread_create(
        &thread, nil,
        { context in
            if let context { Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().body() }
            return nil
        }, context)
    guard result == 0 else { throw TestFailure(description: "pthread_create: \(result)") }
    return RunningThread(thread: thread)
}

/// Does something again and again on a thread of its own until it is stopped.
final class Attacker: Sendable {
    private let stopped = Atomic<Bool>(false)
    private let turns = Atomic<Int>(0)
    private let thread: Mutex<RunningThread?> = Mutex(nil)

    init(_ turn: @escaping @Sendable (Int) -> Void) throws {
        let running = try onThread { [self] in
            while !stopped.load(ordering: .relaxed) {
                turn(turns.load(ordering: .relaxed))
                turns.add(1, ordering: .relaxed)
            }
        }
        thread.withLock { $0 = running }
    }

    /// Ends it; returns how many turns it had.
    func stop() -> Int {
        stopped.store(true, ordering: .relaxed)
        thread.withLock { running in
            running?.join()
            running = nil
        }
        return turns.load(ordering: .relaxed)
    }
}

/// The error that `body` throws, if any.
func failure(_ body: () throws(VolumeError) -> Void) -> VolumeError? {
    do {
        try body()
        return nil
    } catch {
        return error
    }
}

/// A small generator whose numbers follow from its seed, which is printed: PINTLE_SEED repeats a run.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(_ test: String) {
        state = getenv("PINTLE_SEED").flatMap { UInt64(String(cString: $0)) } ?? UInt64.random(in: 1...999_999)
        print("\(test): PINTLE_SEED=\(state)")
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
