import Glibc
import PintleInterfaces
import PintleSDK
import PintleSystem
import Testing

@testable import RuntimeNamespaceCore

/// A pod of a test node, and short ways to do things with it.
struct TestPod {
    let node: TestNode
    let id: String
    let request: RuntimeRunSandboxRequest
    let network: Int32

    init(_ node: TestNode, _ change: (inout RuntimeRunSandboxRequest) -> Void = { _ in }) throws {
        self.node = node
        id = node.identifier()
        var request = RuntimeRunSandboxRequest()
        request.id = id
        request.name = "pod"
        request.podNamespace = "default"
        request.uid = id
        request.hostname = "pod"
        request.logDirectory = node.directory + "/log/" + id
        request.cgroupParent = "/pintle-\(node.instance)/pod\(id.suffix(8))"
        var namespaces = RuntimeNamespaces()
        namespaces.pid = .container
        request.namespaces = namespaces
        change(&request)
        self.request = request
        network = try node.driver.runSandbox(request, .unbounded).netnsFd
        close(network)
    }

    /// Creates a container that runs a shell script.
    func create(
        _ script: String, _ change: (inout RuntimeCreateContainerRequest) -> Void = { _ in }
    ) throws -> String {
        var request = RuntimeCreateContainerRequest()
        request.id = node.identifier()
        request.sandboxId = id
        request.name = "main"
        request.image = node.image
        request.command = ["sh", "-c", script]
        request.logPath = "\(request.id.suffix(8)).log"
        change(&request)
        return try node.driver.createContainer(request, .unbounded).id
    }

    func start(_ container: String, _ driver: RuntimeNamespace? = nil) throws {
        var ref = RuntimeContainerRef()
        ref.id = container
        _ = try (driver ?? node.driver).startContainer(ref, .unbounded)
    }

    /// Creates and starts.
    func run(_ script: String, _ change: (inout RuntimeCreateContainerRequest) -> Void = { _ in }) throws -> String {
        let container = try create(script, change)
        try start(container)
        return container
    }

    /// Waits for the end and returns the final status.
    func finish(_ container: String, _ driver: RuntimeNamespace? = nil) throws -> RuntimeContainerStatus {
        let found = try (driver ?? node.driver).container(container)
        let outcome = try found.waitForEnd(.nanoseconds(20_000_000_000))
        #expect(outcome == .rung, "the container does not end")
        return found.record.status
    }

    /// Runs a script to its end and returns what it wrote, without times and stream names.
    func output(_ script: String, _ change: (inout RuntimeCreateContainerRequest) -> Void = { _ in }) throws -> String {
        let container = try run(script, change)
        _ = try finish(container)
        return text(container)
    }

    /// The lines of a container's log.
    func lines(_ container: String) -> [LogLine] {
        let path = "\(request.logDirectory)/\(container.suffix(8)).log"
        return ((try? FileAccess.text(path)) ?? "").split(separator: "\n").map(LogLine.init)
    }

    func text(_ container: String) -> String {
        var text = lines(container).map { $0.text + ($0.isWhole ? "\n" : "") }.joined()
        while text.last == "\n" { text.removeLast() }
        return text
    }

    func status(_ container: String) throws -> RuntimeContainerStatus {
        var request = RuntimeStatusRequest()
        request.id = container
        return try node.driver.containerStatus(request, .unbounded)
    }

    func stop(_ container: String, grace: UInt64) throws {
        var request = RuntimeStopContainerRequest()
        request.id = container
        request.graceNs = grace
        try node.driver.stopContainer(request, .unbounded)
    }

    func remove(_ container: String) throws {
        var ref = RuntimeContainerRef()
        ref.id = container
        try node.driver.removeContainer(ref, .unbounded)
    }
}

/// One line of a CRI log.
struct LogLine {
    let time: Substring
    let stream: Substring
    let isWhole: Bool
    let text: String

    init(_ line: Substring) {
        let parts = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
        time = parts.first ?? ""
        stream = parts.count > 1 ? parts[1] : ""
        isWhole = parts.count > 2 && parts[2] == "F"
        text = parts.count > 3 ? String(parts[3]) : ""
    }
}

/// The failure that `body` throws.
func failure(_ body: () throws -> Void) -> DriverFailure? {
    do {
        try body()
        return nil
    } catch { return error as? DriverFailure }
}

/// Waits until a condition holds; false after five seconds.
func eventually(_ condition: () -> Bool) -> Bool {
    for _ in 0..<500 {
        if condition() { return true }
        usleep(10_000)
    }
    return condition()
}
