import PintleInterfaces
import PintleSDK
import PintleSystem
import Synchronization

extension RuntimeNamespace {
    func version(_ call: Call) throws -> RuntimeVersionInfo {
        var info = RuntimeVersionInfo()
        info.name = "pintle"
        info.version = Self.version
        info.apiVersion = "1.0"
        return info
    }

    func status(_ request: RuntimeStatusRequest, _ call: Call) throws -> RuntimeStatus {
        var status = RuntimeStatus()
        var ready = RuntimeCondition()
        ready.type = "RuntimeReady"
        ready.status = true
        status.conditions = [ready]
        var handler = RuntimeHandler()
        handler.recursiveReadonlyMounts = true
        handler.userNamespaces = FileAccess.exists("/proc/self/ns/user")
        status.handlers = [handler]
        status.supplementalGroupsPolicy = true
        status.cgroupDriver = "cgroupfs"
        if request.verbose {
            let counts = objects.withLock { ($0.sandboxes.count, $0.containers.count) }
            status.info["sandboxes"] = "\(counts.0)"
            status.info["containers"] = "\(counts.1)"
            status.info["cgroups"] = cgroups.layout.isUnified ? "\"v2\"" : "\"v1\""
        }
        return status
    }

    func updateRuntimeConfig(_ request: RuntimeConfig, _ call: Call) throws {
        // Addresses are the network driver's business.
    }

    func events(_ call: Call, yield: (RuntimeEvent) throws -> Void) throws {
        let listener = try systemWork { () throws(SystemError) in try events.listen() }
        defer { events.leave(listener) }
        // Whoever listens lists first, now that nothing can be missed any more.
        var begun = RuntimeEvent()
        begun.type = .resync
        begun.atNs = Moment.wall
        try yield(begun)
        while let happened = listener.next(call.patience) {
            for event in happened { try yield(event) }
        }
        try call.checkCancellation()
    }
}
