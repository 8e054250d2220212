internal import CPintleSystem
import Glibc
import PintleInterfaces
import PintleSDK
import PintleSystem
import Synchronization

/// What was found on the disk when the driver was opened.
struct FoundSandbox: Sendable {
    var record: SandboxRecord?
    var id: String
    var containers: [ContainerRecord]
}

extension RuntimeNamespace {
    static func read(_ store: RecordStore) -> [FoundSandbox] {
        store.sandboxIDs().map { id in
            FoundSandbox(record: store.sandbox(id), id: id, containers: store.containers(of: id))
        }
    }

    /// Takes over what an earlier run of the host left: running pods go on, ended ones are told of, remains are removed.
    func adopt(_ found: [FoundSandbox]) throws {
        for one in found {
            guard let record = one.record, record.bootID == bootID else {
                removeRemains(one)
                continue
            }
            try adopt(record, one.containers)
        }
        let known = Set(objects.withLock { $0.containers.keys })
        for layer in store.layerIDs() where !known.contains(layer) { try? store.removeLayer(layer) }
    }

    /// A sandbox of an earlier boot, or one whose creation did not come to its record.
    private func removeRemains(_ found: FoundSandbox) {
        host.log(.info, "removing what is left of sandbox \(found.id)")
        if let record = found.record {
            cgroups.kill(record.cgroupParent)
            for cgroup in cgroups.children(record.cgroupParent) { try? cgroups.remove(cgroup) }
            try? cgroups.remove(record.cgroupParent)
            cgroups.removeEmptyAncestors(of: record.cgroupParent)
        }
        for container in found.containers {
            try? store.removeLayer(container.id)
            images.release(container.id)
        }
        try? store.remove(sandbox: found.id)
    }

    private func adopt(_ record: SandboxRecord, _ containers: [ContainerRecord]) throws {
        let sandbox = Sandbox(record)
        objects.withLock { objects in
            objects.sandboxes[record.id] = sandbox
            for container in containers {
                objects.containers[container.id] = Container(container, in: sandbox, store: store, events: events)
            }
        }
        do throws(LaunchFailure) {
            let infra = try InfraLauncher.connect(
                sandbox: record.id, directory: store.directory(sandbox: record.id), .nanoseconds(5_000_000_000))
            try connect(sandbox, LiveInfra(infra))
        } catch {
            guard record.isReady || !containers.isEmpty else { return }
            loseAll(sandbox, "the pod's infra process was gone when the node started: \(error)")
        }
    }

    /// Uses a connection from now on, and learns from it what happened meanwhile.
    private func connect(_ sandbox: Sandbox, _ infra: LiveInfra) throws(LaunchFailure) {
        sandbox.state.withLock { state in
            state.infra = infra
            state.record.isReady = true
            state.record.pid = infra.pid
            try? store.save(state.record)
        }
        do { try hub.add(infra.connection) } catch { throw LaunchFailure(error) }
        let reports: [InfraReport]
        do throws(InfraFailure) {
            reports = try infra.connection.call(PINTLE_INFRA_LIST, InfraFields(), .nanoseconds(5_000_000_000)).items
        } catch { throw LaunchFailure(stage: "list", errno: ETIMEDOUT) }
        let byID = Dictionary(reports.map { ($0.id, $0) }) { first, _ in first }
        for container in self.containers(of: sandbox.id) {
            switch byID[container.id]?.state {
            case .exited?: byID[container.id].map { heardExit(infra.connection, $0) }
            case .running?:
                byID[container.id].map { report in
                    container.hasStarted(report)
                    heardLog(report)
                }
            case .starting?: break
            case nil:
                guard container.record.state == .running else { continue }
                container.hasEnded { $0.lose(message: "the container ended while the node was down") }
            }
        }
        // Whoever wanted these sessions is gone with the earlier host.
        for report in reports where !report.container.isEmpty { acknowledge(infra.connection, report.id) }
    }

    // MARK: What infra processes tell

    /// A container or a session has ended.
    ///
    /// Comes on the hub's thread, or from a list; more than once is no harm.
    func heardExit(_ connection: InfraConnection, _ report: InfraReport) {
        if report.container.isEmpty {
            objects.withLock { $0.containers[report.id] }?.hasEnded(report) { $0.end(report) }
            sessions.hasEnded(containers: [report.id])
        } else {
            sessions.hasEnded(report)
        }
        acknowledge(connection, report.id)
    }

    /// A container's log stopped or went on.
    func heardLog(_ report: InfraReport) {
        let reason = report.logError == 0 ? "" : String(cString: strerror(report.logError))
        objects.withLock { $0.containers[report.id] }?.hasLogTrouble(
            reason.isEmpty ? "" : "the container's log can't be written: \(reason)")
    }

    /// The infra process is gone.
    ///
    /// Comes on the hub's thread.
    func lostInfra(_ connection: InfraConnection) {
        guard let sandbox = objects.withLock({ $0.sandboxes[connection.sandbox] }) else { return }
        let isExpected = sandbox.state.withLock { state in
            state.isStopping || state.infra?.connection !== connection
        }
        guard !isExpected else { return }
        sandbox.infra.map { infra in
            if infra.hasEnded(within: 1_000) { InfraLauncher.reapOnly(infra.process) }
        }
        host.log(.error, "the infra process of sandbox \(sandbox.id) ended unexpectedly")
        loseAll(sandbox, "the pod's infra process ended unexpectedly; its containers were killed")
    }

    /// Kills what the infra process left and tells of it.
    private func loseAll(_ sandbox: Sandbox, _ message: String) {
        let record = sandbox.record
        cgroups.kill(record.cgroupParent)
        let all = containers(of: sandbox.id)
        for container in all where container.record.state == .running {
            container.hasEnded { $0.lose(message: message) }
        }
        sessions.hasEnded(containers: Set(all.map(\.id)))
        sandbox.state.withLock { state in
            state.infra = nil
            state.record.isReady = false
            state.record.pid = 0
            state.record.reason = "InfraProcessDied"
            state.record.message = message
            try? store.save(state.record)
            events.tell(.sandboxStopped, state.record)
        }
    }
}
