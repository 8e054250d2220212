internal import PintleInterfaces
internal import PintleObjects

/// Resources that change while the pod runs (KEP-1287).
extension PodWorker {
    /// Gives running containers the limits that the spec asks for now, if the node has room.
    func followResize(_ sandbox: String) async {
        let plan = PodResizePlan(
            pod: pod, view: view, others: context.admission.requests(besides: identity.uid),
            allocatable: context.node.facts.resources.allocatable, memoryCapacity: context.memoryCapacity,
            pidsLimit: context.settings.podPidsLimit)
        resize = plan.conditions()
        guard plan.isNeeded else { return }
        // Room comes when another pod ends, which nothing tells this one.
        guard plan.verdict == .fits else { return wakeAfter(10) }
        await report()
        do throws(DriverError) {
            try await limit(sandbox, plan.podFirst)
            for (name, step) in plan.steps.sorted(by: { $0.key < $1.key }) {
                guard let container = view.current(name) else { continue }
                switch step {
                case .keep: break
                case .update(let change):
                    try await context.runtime.updateContainer(ContainerResize.request(container.id, change))
                case .restart:
                    endOne(
                        container, grace: ownGrace, message: "Container \(name) resize requires restart")
                }
            }
            try await limit(sandbox, plan.podLast)
            await refresh()
            resize = plan.steps.values.contains(.restart) ? plan.conditions() : []
        } catch {
            resize = plan.conditions(failure: error.message)
            wakeAfter(10)
        }
    }

    private func limit(_ sandbox: String, _ resources: RuntimeResources?) async throws(DriverError) {
        guard let resources else { return }
        var request = RuntimeUpdateSandboxRequest()
        request.id = sandbox
        request.resources = resources
        try await context.runtime.updateSandbox(request)
    }
}
