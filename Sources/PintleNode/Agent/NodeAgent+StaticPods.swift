internal import PintleClient
internal import PintleNodePolicy
internal import PintleObjects

/// Pods from files, with and without an API.
extension NodeAgent {
    /// Follows the folder until the task is cancelled.
    func followStaticPods() async {
        let path = context.settings.policy.staticPodPath
        guard !path.isEmpty else { return }
        while !Task.isCancelled {
            let changes = FolderWatch.stream(path)
            // What changed before the watch began is found by this one.
            await scanStaticPods()
            for await _ in changes { await scanStaticPods() }
            // The folder is not there; whoever makes it is noticed at the next check.
            try? await Task.sleep(for: .seconds(min(20, context.settings.policy.syncFrequency)))
        }
    }

    /// Reads the folder and starts and ends what changed.
    func scanStaticPods() async {
        guard !context.settings.policy.staticPodPath.isEmpty else { return }
        let change = await staticPods.scan()
        for pod in change.removed {
            guard let worker = worker(pod["metadata"]["uid"].string ?? "") else { continue }
            var ending = pod
            ending["metadata"]["deletionTimestamp"] = Timestamp.now.json
            await worker.update(ending)
        }
        for pod in change.added { applyStatic(pod) }
        await sweepMirrors()
    }

    /// Starts a pod unless an older one of its name has not ended yet.
    private func applyStatic(_ pod: JSON) {
        let uid = pod["metadata"]["uid"].string ?? ""
        if mirrors.claim(ObjectName(of: pod), uid: uid) { start(pod, uid) }
    }

    /// A static pod has ended: the one that takes its place may start.
    func staticEnded(_ uid: String) {
        guard mirrors.release(uid: uid) else { return }
        Task {
            for pod in await staticPods.wanted.values { applyStatic(pod) }
            await sweepMirrors()
        }
    }

    /// What the worker of a pod works with: a static pod writes to its mirror.
    func workerContext(_ pod: JSON) -> PodContext {
        guard pod["metadata"]["annotations"]["kubernetes.io/config.source"].string == "file" else { return context }
        var own = context
        own.client = MirrorClient(api: context.client, pod: pod, mirrors: mirrors)
        return own
    }

    static func isMirror(_ pod: JSON) -> Bool { !pod["metadata"]["annotations"][MirrorClient.annotation].isNull }

    /// A mirror was seen: one that nobody needs goes, one that is being deleted is made anew.
    func applyMirror(_ mirror: JSON) async {
        let name = ObjectName(of: mirror)
        guard let pod = await staticPods.wanted[name] else {
            return await removeMirror(mirror)
        }
        let hash = pod["metadata"]["annotations"]["kubernetes.io/config.hash"]
        let isOwn = mirror["metadata"]["annotations"][MirrorClient.annotation] == hash
        if isOwn, mirror["metadata"]["deletionTimestamp"].isNull {
            mirrors.set(mirror["metadata"]["uid"].string ?? "", pod["metadata"]["uid"].string ?? "")
            return
        }
        await restore(pod)
    }

    /// A mirror is gone: it comes back with its status as long as the file is there.
    func mirrorDeleted(_ mirror: JSON) async {
        if let pod = await staticPods.wanted[ObjectName(of: mirror)] { await restore(pod) }
    }

    private func restore(_ pod: JSON) async {
        do {
            try await MirrorClient(api: context.client, pod: pod, mirrors: mirrors).ensure()
        } catch {
            context.log("mirror of static pod \(ObjectName(of: pod)): \(error.message)")
        }
        guard let worker = worker(pod["metadata"]["uid"].string ?? "") else { return }
        await worker.report(force: true)
    }

    private func removeMirror(_ mirror: JSON) async {
        let name = ObjectName(of: mirror)
        try? await context.client.delete(
            .pods, namespace: name.namespace, name: name.name, gracePeriodSeconds: 0,
            uid: mirror["metadata"]["uid"].string)
    }

    /// Mirrors whose file is gone go when the pod has ended.
    private func sweepMirrors() async {
        let wanted = await staticPods.wanted
        let selector = "spec.nodeName=\(context.settings.name)"
        let all = try? await context.client.list(.pods, namespace: nil, labelSelector: nil, fieldSelector: selector)
        for pod in all ?? [] where Self.isMirror(pod) && wanted[ObjectName(of: pod)] == nil {
            await removeMirror(pod)
        }
    }
}
