internal import CPintleSystem
import Glibc
import PintleInterfaces
import PintleSDK
import PintleSystem
import Synchronization

extension RuntimeNamespace {
    func containerStatus(_ request: RuntimeStatusRequest, _ call: Call) throws -> RuntimeContainerStatus {
        let record = try container(request.id).record
        var status = record.status
        if request.verbose {
            status.info["pid"] = "\(record.pid)"
            status.info["writableLayer"] = "\"\(store.upper(record.id))\""
        }
        return status
    }

    func listContainers(
        _ request: RuntimeContainerFilter, _ call: Call, yield: (RuntimeContainerStatus) throws -> Void
    ) throws {
        for record in matching(request) { try yield(record.status) }
    }

    func matching(_ filter: RuntimeContainerFilter) -> [ContainerRecord] {
        objects.withLock { Array($0.containers.values) }.map(\.record).sorted { $0.id < $1.id }.filter { record in
            (filter.id.isEmpty || record.id == filter.id)
                && (filter.sandboxId.isEmpty || record.sandboxID == filter.sandboxId)
                && (!filter.hasState || record.state == filter.state)
                && filter.labels.allSatisfy { record.labels[$0.key] == $0.value }
        }
    }

    func updateContainer(_ request: RuntimeUpdateContainerRequest, _ call: Call) throws {
        let container = try container(request.id)
        guard let resources = request.resources else { return }
        let cgroup = container.sandbox.record.containerCgroup(container.id)
        if resources.memoryLimitBytes > 0, let used = cgroups.memoryInUse(cgroup),
            used > UInt64(resources.memoryLimitBytes)
        {
            // The kernel would make room by killing.
            throw DriverFailure(
                .conflict, reason: "MemoryInUse",
                "attempting to set memory limit (\(resources.memoryLimitBytes)) below current usage (\(used))")
        }
        do throws(SystemError) { try cgroups.limit(cgroup, resources) } catch {
            throw DriverFailure(.invalid, reason: "LimitRefused", "a limit was refused: \(error)", errno: error.errno)
        }
        if resources.oomScoreAdj != 0 {
            for process in cgroups.processes(cgroup) {
                try? FileAccess.write("/proc/\(process)/oom_score_adj", "\(resources.oomScoreAdj)")
            }
        }
        container.change { $0.resources = Self.merged($0.resources, resources) }
    }

    /// The limits in force after a change: its zero fields stay as they were.
    private static func merged(_ old: RuntimeResources?, _ new: RuntimeResources) -> RuntimeResources {
        guard var result = old else { return new }
        if new.cpuPeriodUs != 0 { result.cpuPeriodUs = new.cpuPeriodUs }
        if new.cpuQuotaUs != 0 { result.cpuQuotaUs = new.cpuQuotaUs }
        if new.cpuShares != 0 { result.cpuShares = new.cpuShares }
        if new.memoryLimitBytes != 0 { result.memoryLimitBytes = new.memoryLimitBytes }
        if new.memorySwapLimitBytes != 0 { result.memorySwapLimitBytes = new.memorySwapLimitBytes }
        if new.pidsLimit != 0 { result.pidsLimit = new.pidsLimit }
        if new.oomScoreAdj != 0 { result.oomScoreAdj = new.oomScoreAdj }
        if !new.cpusetCpus.isEmpty { result.cpusetCpus = new.cpusetCpus }
        if !new.cpusetMems.isEmpty { result.cpusetMems = new.cpusetMems }
        if !new.hugepageLimits.isEmpty { result.hugepageLimits = new.hugepageLimits }
        result.unified.merge(new.unified) { _, new in new }
        return result
    }

    func reopenLog(_ request: RuntimeContainerRef, _ call: Call) throws {
        let container = try container(request.id)
        let infra = try infra(of: container)
        var fields = InfraFields()
        fields.add(PINTLE_INFRA_ID, container.id)
        do throws(InfraFailure) {
            _ = try infra.connection.call(PINTLE_INFRA_REOPEN_LOG, fields, call.patience)
        } catch { throw Self.failure(error, container.id) }
    }

    /// A refusal about a container that may just have ended.
    static func failure(_ failure: InfraFailure, _ id: String) -> DriverFailure {
        guard failure.errno == ESRCH else { return failure.driverFailure }
        return DriverFailure(.conflict, reason: "ContainerNotRunning", "the container \(id) does not run")
    }
}
