import PintleInterfaces
import PintleObjects
import Synchronization

/// A runtime that pretends: sandboxes and containers are entries of a table, with seeded delays and failures.
///
/// It watches over what must never happen and keeps the complaints.
final class SimulatedRuntime: RuntimeService {
    struct State {
        var sandboxes: [String: RuntimeSandboxStatus] = [:]
        var containers: [String: RuntimeContainerStatus] = [:]
        var listeners: [Int: AsyncStream<RuntimeEvent>.Continuation] = [:]
        var nextListener = 0
        var clock: Int64 = 1
        var random: SplitMix
        /// How many calls of a thousand fail.
        var failures: UInt64
        var complaints: [String] = []
        /// Restart policy by pod uid.
        var policies: [String: String] = [:]
    }

    let state: Mutex<State>

    init(seed: UInt64, failures: UInt64) { state = Mutex(State(random: SplitMix(seed), failures: failures)) }

    var complaints: [String] { state.withLock { $0.complaints } }

    /// No call fails from now on.
    func behave() { state.withLock { $0.failures = 0 } }

    func expect(_ policy: String, of uid: String) { state.withLock { $0.policies[uid] = policy } }

    /// Waits a little and fails now and then.
    private func pretend(_ operation: String) async throws(DriverError) {
        let (pause, fails) = state.withLock { state in
            (state.random.next() % 4, state.random.next() % 1000 < state.failures)
        }
        for _ in 0..<pause { await Task.yield() }
        if fails { throw DriverError(.internal, driver: "simulated", operation: operation, "simulated failure") }
    }

    private static func send(
        _ type: RuntimeEventType, _ state: State, container: RuntimeContainerStatus? = nil,
        sandbox: RuntimeSandboxStatus? = nil
    ) {
        var event = RuntimeEvent()
        event.type = type
        event.container = container
        event.sandbox = sandbox
        for listener in state.listeners.values { listener.yield(event) }
    }

    private static func uid(_ container: RuntimeContainerStatus) -> String {
        container.labels["io.kubernetes.pod.uid"] ?? ""
    }

    // MARK: What happens to containers

    /// A running container ends by itself; nothing happens when none runs.
    func endOne(code: Int32) {
        state.withLock { state in
            let running = state.containers.values.filter { $0.state == .running }.sorted { $0.id < $1.id }
            guard !running.isEmpty else { return }
            let chosen = running[Int(state.random.next() % UInt64(running.count))]
            Self.end(chosen.id, code, &state)
        }
    }

    /// A sandbox dies with what runs in it.
    func killSandbox() {
        state.withLock { state in
            let ready = state.sandboxes.values.filter { $0.state == .ready }.sorted { $0.id < $1.id }
            guard !ready.isEmpty else { return }
            Self.stop(ready[Int(state.random.next() % UInt64(ready.count))].id, &state)
        }
    }

    /// Events were lost.
    func loseEvents() { state.withLock { Self.send(.resync, $0) } }

    private static func end(_ id: String, _ code: Int32, _ state: inout State) {
        guard var container = state.containers[id], container.state == .running else { return }
        state.clock += 1
        container.state = .exited
        container.exitCode = code
        container.finishedAtNs = Timestamp.now.nanoseconds
        state.containers[id] = container
        send(.containerExited, state, container: container)
    }

    private static func stop(_ id: String, _ state: inout State) {
        for container in state.containers.values where container.sandboxId == id { end(container.id, 137, &state) }
        guard var sandbox = state.sandboxes[id], sandbox.state == .ready else { return }
        sandbox.state = .notReady
        state.sandboxes[id] = sandbox
        send(.sandboxStopped, state, sandbox: sandbox)
    }

    // MARK: The interface

    func version(timeout: Duration?) async throws(DriverError) -> RuntimeVersionInfo { RuntimeVersionInfo() }

    func status(_ request: RuntimeStatusRequest, timeout: Duration?) async throws(DriverError) -> RuntimeStatus {
        RuntimeStatus()
    }

    func runSandbox(_ request: RuntimeRunSandboxRequest, timeout: Duration?) async throws(DriverError)
        -> RuntimeRunSandboxResult
    {
        try await pretend("run_sandbox")
        state.withLock { state in
            if state.sandboxes[request.id] == nil {
                if state.sandboxes.values.contains(where: { $0.uid == request.uid && $0.state == .ready }) {
                    state.complaints.append("pod \(request.uid) has two ready sandboxes")
                }
                var sandbox = RuntimeSandboxStatus()
                sandbox.id = request.id
                sandbox.name = request.name
                sandbox.podNamespace = request.podNamespace
                sandbox.uid = request.uid
                sandbox.attempt = request.attempt
                sandbox.labels = request.labels
                sandbox.state = .ready
                state.sandboxes[request.id] = sandbox
                Self.send(.sandboxCreated, state, sandbox: sandbox)
            }
        }
        var result = RuntimeRunSandboxResult()
        result.id = request.id
        return result
    }

    func stopSandbox(_ request: RuntimeSandboxRef, timeout: Duration?) async throws(DriverError) {
        try await pretend("stop_sandbox")
        state.withLock { Self.stop(request.id, &$0) }
    }

    func removeSandbox(_ request: RuntimeSandboxRef, timeout: Duration?) async throws(DriverError) {
        try await pretend("remove_sandbox")
        state.withLock { state in
            Self.stop(request.id, &state)
            for container in state.containers.values where container.sandboxId == request.id {
                state.containers[container.id] = nil
            }
            state.sandboxes[request.id] = nil
        }
    }

    func sandboxStatus(_ request: RuntimeStatusRequest, timeout: Duration?) async throws(DriverError)
        -> RuntimeSandboxStatus
    {
        guard let found = state.withLock({ $0.sandboxes[request.id] }) else {
            throw DriverError(.notFound, driver: "simulated", "no such sandbox")
        }
        return found
    }

    func listSandboxes(_ request: RuntimeSandboxFilter, timeout: Duration?) async throws(DriverError)
        -> [RuntimeSandboxStatus]
    {
        state.withLock { state in
            state.sandboxes.values.filter { sandbox in
                request.labels.allSatisfy { sandbox.labels[$0.key] == $0.value }
                    && (!request.hasState || sandbox.state == request.state)
            }
        }
    }

    func createContainer(_ request: RuntimeCreateContainerRequest, timeout: Duration?) async throws(DriverError)
        -> RuntimeContainerRef
    {
        try await pretend("create_container")
        let isReady = state.withLock { state -> Bool in
            guard state.sandboxes[request.sandboxId]?.state == .ready else { return false }
            guard state.containers[request.id] == nil else { return true }
            var container = RuntimeContainerStatus()
            container.id = request.id
            container.sandboxId = request.sandboxId
            container.name = request.name
            container.attempt = request.attempt
            container.labels = request.labels
            container.annotations = request.annotations
            container.imageId = request.image
            container.createdAtNs = Timestamp.now.nanoseconds
            container.state = .created
            let uid = Self.uid(container)
            let before = state.containers.values.filter { $0.name == container.name && Self.uid($0) == uid }
                .max { $0.attempt < $1.attempt }
            if let before, before.state == .exited {
                let policy = state.policies[uid] ?? "Always"
                let may = policy == "Always" || (policy == "OnFailure" && before.exitCode != 0)
                if !may {
                    state.complaints.append(
                        "\(container.name) of \(uid) is made again although it ended with \(before.exitCode) under \(policy)"
                    )
                }
            }
            state.containers[request.id] = container
            Self.send(.containerCreated, state, container: container)
            return true
        }
        guard isReady else { throw DriverError(.conflict, driver: "simulated", "the sandbox is not ready") }
        var ref = RuntimeContainerRef()
        ref.id = request.id
        return ref
    }

    func startContainer(_ request: RuntimeContainerRef, timeout: Duration?) async throws(DriverError)
        -> RuntimeContainerStatus
    {
        try await pretend("start_container")
        let started = state.withLock { state -> RuntimeContainerStatus? in
            guard var container = state.containers[request.id], container.state == .created,
                state.sandboxes[container.sandboxId]?.state == .ready
            else { return nil }
            let uid = Self.uid(container)
            if state.containers.values.contains(where: {
                $0.name == container.name && Self.uid($0) == uid && $0.state == .running
            }) {
                state.complaints.append("two containers \(container.name) of \(uid) run at once")
            }
            container.state = .running
            container.startedAtNs = Timestamp.now.nanoseconds
            state.containers[request.id] = container
            Self.send(.containerStarted, state, container: container)
            return container
        }
        guard let started else { throw DriverError(.conflict, driver: "simulated", "it can't be started") }
        return started
    }

    func stopContainer(_ request: RuntimeStopContainerRequest, timeout: Duration?) async throws(DriverError) {
        try await pretend("stop_container")
        state.withLock { Self.end(request.id, 143, &$0) }
    }

    func removeContainer(_ request: RuntimeContainerRef, timeout: Duration?) async throws(DriverError) {
        try await pretend("remove_container")
        state.withLock { state in
            Self.end(request.id, 137, &state)
            state.containers[request.id] = nil
        }
    }

    func containerStatus(_ request: RuntimeStatusRequest, timeout: Duration?) async throws(DriverError)
        -> RuntimeContainerStatus
    {
        guard let found = state.withLock({ $0.containers[request.id] }) else {
            throw DriverError(.notFound, driver: "simulated", "no such container")
        }
        return found
    }

    func listContainers(_ request: RuntimeContainerFilter, timeout: Duration?) async throws(DriverError)
        -> [RuntimeContainerStatus]
    {
        state.withLock { state in
            state.containers.values.filter { container in
                request.labels.allSatisfy { container.labels[$0.key] == $0.value }
                    && (!request.hasState || container.state == request.state)
            }
        }
    }

    func listContainerStats(_ request: RuntimeContainerFilter, timeout: Duration?) async throws(DriverError)
        -> [RuntimeContainerStats]
    { [] }

    func events(timeout: Duration?, onItem: @escaping @Sendable (RuntimeEvent) -> Bool) async throws(DriverError) {
        let (stream, continuation) = AsyncStream<RuntimeEvent>.makeStream()
        let number = state.withLock { state in
            state.nextListener += 1
            state.listeners[state.nextListener] = continuation
            var begun = RuntimeEvent()
            begun.type = .resync
            continuation.yield(begun)
            return state.nextListener
        }
        defer { state.withLock { $0.listeners[number] = nil } }
        for await event in stream where !onItem(event) { return }
        throw DriverError(.cancelled, driver: "simulated", "cancelled")
    }

    func imageStatus(_ request: RuntimeImageRef, timeout: Duration?) async throws(DriverError) -> RuntimeImage {
        try await pretend("image_status")
        var image = RuntimeImage()
        image.id = "sha256:\(request.image)"
        return image
    }

    func listImages(_ request: RuntimeImageRef, timeout: Duration?) async throws(DriverError) -> [RuntimeImage] { [] }

    func pullImage(
        _ request: RuntimePullImageRequest, timeout: Duration?,
        onItem: @escaping @Sendable (RuntimePullProgress) -> Bool
    ) async throws(DriverError) {
        try await pretend("pull_image")
        var last = RuntimePullProgress()
        last.imageId = "sha256:\(request.image)"
        _ = onItem(last)
    }

    func removeImage(_ request: RuntimeImageRef, timeout: Duration?) async throws(DriverError) {}
}

/// A small seeded source of numbers.
struct SplitMix: Sendable, RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
