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

    /// Pulls, creates and starts one container.
    ///
    /// Returns seconds until another try when it did not work; not when the pod is to end.
    private func start(_ container: PodContainer, _ attempt: Int32, sandbox: String, volumes: [String: String]) async
        -> Double?
    {
        let name = container.name
        do {
            guard let image = try await image(container), let images = try await volumeImages(container), !isEnding
            else { return nil }
            let request = try await request(
                container, attempt, image: image, sandbox: sandbox, volumes: volumes, images: images)
            if attempt > 0 {
                backoffs[name, default: Backoff()].next(at: Self.seconds())
                await forgetOld(name, before: attempt - 1)
            }
            try await create(request, container)
            waiting[name] = nil
            retries[name] = nil
            return nil
        } catch let failure as PullFailure {
            return wait(container, failure.fault, failure.retryAfter)
        } catch let fault as PodFault {
            return wait(container, fault, 10)
        } catch {
            return wait(container, PodFault("CreateContainerError", "\(error)"), 10)
        }
    }

    private func create(_ request: RuntimeCreateContainerRequest, _ container: PodContainer) async throws(PodFault) {
        let path = container.fieldPath
        try await TerminationMessage.makeFile(request, context.settings.podDirectory(identity.uid))
        do {
            _ = try await context.runtime.createContainer(request)
        } catch {
            throw PodFault("CreateContainerError", error.message)
        }
        context.events.record(pod, .normal, "Created", "Container created", fieldPath: path)
        var ref = RuntimeContainerRef()
        ref.id = request.id
        let hook = container.spec["lifecycle"]["postStart"]
        if !hook.isNull { hooked.insert(request.id) }
        do {
            view.put(try await context.runtime.startContainer(ref))
            context.events.record(pod, .normal, "Started", "Container started", fieldPath: path)
        } catch {
            hooked.remove(request.id)
            context.events.record(pod, .warning, "Failed", "Error: \(error.message)", fieldPath: path)
            await refresh()
            // A program that can't be started counts as a container that ended; anything else is tried again.
            guard view.current(container.name)?.state == .exited else {
                throw PodFault("RunContainerError", error.message)
            }
            return
        }
        if !hook.isNull { runPostStart(hook, container, request.id) }
    }

    func image(_ container: PodContainer) async throws(PullFailure) -> RuntimeImage? {
        let image = container.spec["image"].string ?? ""
        let path = container.fieldPath
        let events = context.events
        let pod = self.pod
        let policy = container.spec["imagePullPolicy"].string ?? "IfNotPresent"
        let result = await unlessEnding { [context, identity] () -> Result<ImagePuller.Outcome, PullFailure> in
            do throws(PullFailure) {
                return .success(
                    try await context.images.ensure(
                        image, policy: policy, namespace: identity.namespace, pod: pod
                    ) {
                        events.record(pod, .normal, "Pulling", "Pulling image \"\(image)\"", fieldPath: path)
                    })
            } catch { return .failure(error) }
        }
        guard let result else { return nil }
        switch try result.get() {
        case .present(let found):
            events.record(
                pod, .normal, "Pulled", "Container image \"\(image)\" already present on machine", fieldPath: path)
            return found
        case .pulled(let found, let seconds):
            let time = "\((seconds * 1000).rounded() / 1000)s"
            events.record(
                pod, .normal, "Pulled",
                "Successfully pulled image \"\(image)\" in \(time) (\(time) including waiting). Image size: \(found.sizeBytes) bytes.",
                fieldPath: path)
            return found
        }
    }

    /// Says why a container waits.
    ///
    /// A failed pull is shown as such for half of the time until the next try, then as ImagePullBackOff.
    ///
    /// - Returns: Seconds until the pod is looked at again.
    private func wait(_ container: PodContainer, _ fault: PodFault, _ retryAfter: Double) -> Double {
        let name = container.name
        let path = container.fieldPath
        let image = container.spec["image"].string ?? ""
        func event(_ type: EventRecorder.EventType, _ reason: String, _ message: String) {
            context.events.record(pod, type, reason, message, fieldPath: path)
        }
        let seconds = fault.reason == "ErrImagePull" ? min(retryAfter / 2, 10) : retryAfter
        retries[name] = Self.seconds() + seconds
        waiting[name] = PodStatus.Waiting(reason: fault.reason, message: fault.message)
        switch fault.reason {
        case "ErrImagePull":
            event(.warning, "Failed", "Failed to pull image \"\(image)\": \(fault.message)")
            event(.warning, "Failed", "Error: ErrImagePull")
        case "ImagePullBackOff":
            event(.normal, "BackOff", "Back-off pulling image \"\(image)\"")
            event(.warning, "Failed", "Error: ImagePullBackOff")
        case "InvalidImageName":
            event(.warning, "InspectFailed", "Failed to apply default image tag \"\(image)\": \(fault.message)")
            event(.warning, "Failed", "Error: InvalidImageName")
        case "ErrImageNeverPull":
            event(.warning, "ErrImageNeverPull", fault.message)
            event(.warning, "Failed", "Error: ErrImageNeverPull")
        default: event(.warning, "Failed", "Error: \(fault.message)")
        }
        return seconds
    }

    /// Only the newest ended container of a name is kept beside the new one.
    private func forgetOld(_ name: String, before attempt: Int32) async {
        for old in view.containers[name] ?? [] where old.attempt < attempt {
            var ref = RuntimeContainerRef()
            ref.id = old.id
            if (try? await context.runtime.removeContainer(ref)) != nil {
                view.remove(container: old.id)
                let log = old.logPath
                if !log.isEmpty { await BlockingWork.run { PodLogFolder.removeLog(log) } }
            }
        }
    }

    static func seconds() -> Double { Double(Timestamp.now.nanoseconds) / 1e9 }
}
