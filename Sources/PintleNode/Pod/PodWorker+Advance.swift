internal import Glibc
internal import PintleClient
internal import PintleInterfaces
internal import PintleObjects

/// The way up: volumes, sandbox, network, images, containers.
extension PodWorker {
    func advance() async throws(PodFault) {
        let phase = pod["status"]["phase"].string
        if phase == "Succeeded" || phase == "Failed" { return try await settle(isReported: true) }
        if failure == nil { checkDeadline() }
        if failure != nil { return try await settle(isReported: false) }
        var plan = makePlan()
        if plan.finished { return try await settle(isReported: false) }
        let volumes = try await ensureVolumes()
        if let attempt = plan.newSandbox {
            try await createSandbox(attempt)
            plan = makePlan()
        }
        guard let sandbox = view.sandbox else { return await report() }
        if podIPs.isEmpty { try await ensureAddresses(sandbox) }
        restartChanged()
        await followResize(sandbox.id)
        followProbes()
        for container in PodContainer.all(of: pod) where !isEnding {
            let name = container.name
            switch plan.steps[name] {
            case .start(let attempt):
                if let due = retries[name], due > Self.seconds() {
                    wakeAfter(due - Self.seconds())
                } else if let retry = await start(container, attempt, sandbox: sandbox.id, volumes: volumes) {
                    wakeAfter(retry)
                } else {
                    // Whether the next one's turn has come depends on this one.
                    plan = makePlan()
                }
            case .wait(let seconds):
                crashLoop(container, seconds)
                wakeAfter(seconds)
            default: waiting[name] = nil
            }
        }
        followProbes()
        await report()
    }

    private func makePlan() -> PodPlan { PodPlan(pod: pod, view: view, facts: facts) }

    /// Nothing will run again: what runs is ended and the sandbox goes; containers stay for their logs.
    private func settle(isReported: Bool) async throws(PodFault) {
        guard view.running.isEmpty else {
            endAll(grace: ownGrace)
            return isReported ? () : await report()
        }
        if view.sandbox != nil { try await tearDown(removeContainers: false) }
        if !isReported { await report() }
    }

    /// Fails the pod when it has been active for longer than it may.
    private func checkDeadline() {
        guard let limit = pod["spec"]["activeDeadlineSeconds"].int,
            let start = pod["status"]["startTime"].string.flatMap({ Timestamp(rfc3339: $0) })
        else { return }
        let left = Double(start.nanoseconds) / 1e9 + Double(limit) - Self.seconds()
        if left > 0 { return wakeAfter(left) }
        let message = "Pod was active on the node longer than the specified deadline"
        failure = PodStatus.Waiting(reason: "DeadlineExceeded", message: message)
        context.events.record(pod, .normal, "DeadlineExceeded", message)
    }

    /// Ends containers whose image was changed; they start again with the new one.
    private func restartChanged() {
        for container in PodContainer.all(of: pod) where container.role != .ephemeral {
            guard let current = view.current(container.name), current.state == .running,
                let image = current.annotations[ContainerRequest.imageAnnotation],
                image != container.spec["image"].string
            else { continue }
            endOne(
                current, grace: ownGrace,
                message: "Container \(container.name) definition changed, will be restarted")
        }
    }

    private func ensureVolumes() async throws(PodFault) -> [String: String] {
        if let volumes { return volumes }
        let directory = context.settings.podDirectory(identity.uid)
        let pods = "\(context.settings.dataDirectory)/pods"
        let hasVolumes = pod["spec"]["volumes"].array?.isEmpty == false
        await BlockingWork.run {
            mkdir(pods, 0o755)
            mkdir(directory, 0o750)
            if hasVolumes { mkdir("\(directory)/volumes", 0o755) }
        }
        let made = try await contents.publish()
        volumes = made
        return made
    }

    private func createSandbox(_ attempt: Int32) async throws(PodFault) {
        if attempt > 0, let old = view.sandboxes.first {
            context.events.record(
                pod, .normal, "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.")
            try await tearDownSandbox(old)
        }
        let request = SandboxRequest.make(
            pod, identity, attempt: attempt, context.settings, users: try await userRange())
        let result: RuntimeRunSandboxResult
        do { result = try await context.runtime.runSandbox(request) } catch {
            throw PodFault("FailedCreatePodSandBox", "Failed to create pod sandbox: \(error.message)")
        }
        defer { if result.netnsFd > 0 { close(result.netnsFd) } }
        podIPs = try await addresses(request.id, result.netnsFd, network: result.network)
        try await writeFiles()
        var status = RuntimeSandboxStatus()
        status.id = request.id
        status.attempt = attempt
        status.state = .ready
        view.put(status)
    }

    /// After a restart of the node agent: the sandbox is there, its addresses are asked for again.
    private func ensureAddresses(_ sandbox: RuntimeSandboxStatus) async throws(PodFault) {
        var request = RuntimeStatusRequest()
        request.id = sandbox.id
        do {
            let status = try await context.runtime.sandboxStatus(request)
            defer { if status.netnsFd > 0 { close(status.netnsFd) } }
            podIPs = try await addresses(sandbox.id, status.netnsFd, network: status.network)
        } catch let error as DriverError {
            throw PodFault("FailedCreatePodSandBox", error.message)
        } catch let fault as PodFault {
            throw fault
        } catch {
            throw PodFault("FailedCreatePodSandBox", "\(error)")
        }
        try await writeFiles()
    }

    private func addresses(_ sandbox: String, _ netns: Int32, network: RuntimeSandboxNetwork?) async throws(PodFault)
        -> [String]
    {
        if pod["spec"]["hostNetwork"].bool == true { return context.hostIPs }
        if let network { return [network.ip] + network.additionalIps }
        return try await PodNetwork(networks: context.networks, identity: identity).attach(
            pod, sandbox: sandbox, netns: netns)
    }

    private func writeFiles() async throws(PodFault) {
        let files = PodFiles(directory: context.settings.podDirectory(identity.uid), pod: pod, identity: identity)
        let ips = podIPs
        try await BlockingWork.run { () throws(PodFault) in try files.write(podIPs: ips) }
    }

    private func tearDownSandbox(_ sandbox: RuntimeSandboxStatus) async throws(PodFault) {
        var ref = RuntimeSandboxRef()
        ref.id = sandbox.id
        do { try await context.runtime.stopSandbox(ref) } catch { throw PodFault("FailedKillPod", error.message) }
        if pod["spec"]["hostNetwork"].bool != true {
            try await PodNetwork(networks: context.networks, identity: identity).detach(sandbox: sandbox.id)
        }
        await refresh()
    }

    private func crashLoop(_ container: PodContainer, _ seconds: Double) {
        let name = container.name
        guard waiting[name]?.reason != "CrashLoopBackOff" else { return }
        let delay = Int(backoffs[name]?.delay ?? 10)
        let text = delay >= 60 ? (delay % 60 == 0 ? "\(delay / 60)m0s" : "\(delay / 60)m\(delay % 60)s") : "\(delay)s"
        let pod = "pod=\(identity.name)_\(identity.namespace)(\(identity.uid))"
        waiting[name] = PodStatus.Waiting(
            reason: "CrashLoopBackOff", message: "back-off \(text) restarting failed container=\(name) \(pod)")
        context.events.record(
            self.pod, .warning, "BackOff",
            "Back-off restarting failed container \(name) in pod \(identity.name)_\(identity.namespace)(\(identity.uid))",
            fieldPath: container.fieldPath)
    }

    static func seconds() -> Double { Double(Timestamp.now.nanoseconds) / 1e9 }
}
