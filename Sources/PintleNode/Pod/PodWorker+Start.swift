internal import PintleClient
internal import PintleInterfaces
internal import PintleObjects

/// The start of one container.
extension PodWorker {
    /// Pulls, creates and starts one container.
    ///
    /// Returns seconds until another try when it did not work; not when the pod is to end.
    func start(_ container: PodContainer, _ attempt: Int32, sandbox: String, volumes: [String: String]) async
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
}
