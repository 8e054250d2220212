import Glibc
import PintleSystem
import Synchronization

/// A sandbox and, while it runs, its infra process.
final class Sandbox: Sendable {
    let id: String
    let state: Mutex<State>

    struct State: Sendable {
        var record: SandboxRecord
        var infra: LiveInfra?
        /// It is being stopped on purpose: the end of the infra process is no surprise.
        var isStopping = false
    }

    init(_ record: SandboxRecord, infra: LiveInfra? = nil) {
        id = record.id
        state = Mutex(State(record: record, infra: infra))
    }

    var record: SandboxRecord { state.withLock { $0.record } }
    var infra: LiveInfra? { state.withLock { $0.infra } }
}

/// The driver's hold on an infra process.
final class LiveInfra: Sendable {
    let connection: InfraConnection
    let pid: Int32
    /// A pidfd.
    let process: Int32
    let network: Int32

    init(_ infra: InfraLauncher.Infra) {
        connection = infra.connection
        pid = infra.pid
        process = infra.process
        network = infra.network
    }

    deinit {
        close(process)
        close(network)
    }

    /// Another descriptor of the network namespace, the receiver's.
    func networkDescriptor() throws(SystemError) -> Int32 {
        let descriptor = fcntl(network, F_DUPFD_CLOEXEC, 3)
        guard descriptor >= 0 else { throw SystemError("dup") }
        return descriptor
    }

    /// Whether the process has ended, waiting for that up to `milliseconds`.
    func hasEnded(within milliseconds: Int32) -> Bool {
        var wait = pollfd(fd: process, events: Int16(POLLIN), revents: 0)
        return poll(&wait, 1, milliseconds) > 0
    }
}
