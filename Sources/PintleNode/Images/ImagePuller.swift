internal import PintleClient
internal import PintleInterfaces
internal import PintleNodePolicy
internal import PintleObjects
internal import Synchronization

/// Makes sure that a container's image is there, by its pull policy and the pod's right to it; one pull for all who want
/// the same image with the same credentials, and so many pulls at once as the policy allows.
actor ImagePuller {
    private typealias PullResult = Result<(id: String, credential: SourcedCredential?), DriverError>

    private let runtime: any RuntimeService
    private let credentials: PullCredentials
    private let records: PullRecords
    private let limiter: PullLimiter
    private let events: EventRecorder
    private var pulls: [String: Task<PullResult, Never>] = [:]
    private var backoffs: [String: (backoff: Backoff, failed: Double, fault: PodFault)] = [:]

    init(
        runtime: any RuntimeService, credentials: PullCredentials, records: PullRecords, events: EventRecorder
    ) {
        self.runtime = runtime
        self.credentials = credentials
        self.records = records
        self.events = events
        limiter = PullLimiter(records.policy.maxParallelPulls)
    }

    /// What happened, for events.
    enum Outcome: Sendable {
        /// It was there.
        case present(RuntimeImage)
        /// It was pulled, in so many seconds.
        case pulled(RuntimeImage, seconds: Double)
    }

    /// - Throws: ``PodFault`` with reason `InvalidImageName`, `ErrImageNeverPull`, `ErrImagePull` or
    ///   `ImagePullBackOff`, and how long to wait before the next try.
    func ensure(
        _ image: String, policy: String, namespace: String, pod: JSON, onPull: @Sendable () async -> Void
    ) async throws(PullFailure) -> Outcome {
        let found = await credentials.find(image, pod: pod)
        if !found.missing.isEmpty {
            events.record(
                pod, .warning, "FailedToRetrieveImagePullSecret",
                "Unable to retrieve some image pull secrets (\(found.missing.joined(separator: ", "))); attempting to pull the image may not succeed."
            )
        }
        let key = image + found.credentials.map { " \($0.credential.digest)" }.joined()
        if policy != "Always", let present = try await present(image, key, policy, found.credentials) {
            return .present(present)
        }
        let now = Self.now()
        if let entry = backoffs[key], let left = entry.backoff.remaining(since: entry.failed, now: now) {
            throw PullFailure(
                fault: PodFault(
                    "ImagePullBackOff",
                    "Back-off pulling image \"\(image)\": \(entry.fault.reason): \(entry.fault.message)"),
                retryAfter: left)
        }
        await onPull()
        let result = await pull(image, key, namespace, found.credentials)
        switch result {
        case .success(let pulled):
            backoffs[key] = nil
            let records = self.records
            await BlockingWork.run { records.record(image, id: pulled.id, with: pulled.credential) }
            var ref = RuntimeImageRef()
            ref.image = pulled.id
            do { return .pulled(try await runtime.imageStatus(ref), seconds: Self.now() - now) } catch {
                throw failure(image, key, error)
            }
        case .failure(let error):
            throw failure(image, key, error)
        }
    }

    /// The image if it is there and the pod may have it; nil when it has to be pulled.
    private func present(
        _ image: String, _ key: String, _ policy: String, _ own: [SourcedCredential]
    ) async throws(PullFailure) -> RuntimeImage? {
        var ref = RuntimeImageRef()
        ref.image = image
        let found: RuntimeImage
        do { found = try await runtime.imageStatus(ref) } catch {
            guard error.code == .notFound else { throw failure(image, key, error) }
            guard policy == "Never" else { return nil }
            throw Self.never("Container image \"\(image)\" is not present with pull policy of Never")
        }
        let records = self.records
        if await BlockingWork.run({ records.allows(image, id: found.id, credentials: own) }) { return found }
        guard policy == "Never" else { return nil }
        throw Self.never(
            "Container image \"\(image)\" is present with pull policy of Never but does not have the proper credentials"
        )
    }

    private static func never(_ message: String) -> PullFailure {
        PullFailure(fault: PodFault("ErrImageNeverPull", message), retryAfter: 10)
    }

    private func pull(
        _ image: String, _ key: String, _ namespace: String, _ own: [SourcedCredential]
    ) async -> PullResult {
        if let running = pulls[key] { return await running.value }
        let (runtime, limiter) = (self.runtime, self.limiter)
        let task = Task { () -> PullResult in
            await limiter.enter()
            var result = PullResult.failure(DriverError(.unavailable, driver: "", "no pull was tried"))
            // Each credential in turn; without any, nobody in particular asks.
            for credential in own.isEmpty ? [nil] : own.map(Optional.some) {
                result = await Self.pull(image, namespace, credential, runtime)
                if case .success = result { break }
            }
            await limiter.leave()
            return result
        }
        pulls[key] = task
        let result = await task.value
        pulls[key] = nil
        return result
    }

    private func failure(_ image: String, _ key: String, _ error: DriverError) -> PullFailure {
        let reason = error.reason == "InvalidImageName" ? "InvalidImageName" : "ErrImagePull"
        let fault = PodFault(reason, error.message)
        let now = Self.now()
        var backoff = backoffs[key]?.backoff ?? Backoff()
        backoff.next(at: now)
        backoffs[key] = (backoff, now, fault)
        return PullFailure(fault: fault, retryAfter: backoff.delay)
    }

    private static func pull(
        _ image: String, _ namespace: String, _ credential: SourcedCredential?, _ runtime: any RuntimeService
    ) async -> PullResult {
        var request = RuntimePullImageRequest()
        request.image = image
        request.sandboxNamespace = namespace
        if let credential {
            var auth = RuntimeRegistryAuth()
            auth.username = credential.credential.username
            auth.password = credential.credential.password
            request.auth = auth
        }
        let id = Mutex("")
        do {
            try await runtime.pullImage(request, timeout: .seconds(3600)) { progress in
                if !progress.imageId.isEmpty { id.withLock { $0 = progress.imageId } }
                return true
            }
            return .success((id.withLock { $0 }, credential))
        } catch {
            return .failure(error)
        }
    }

    private static func now() -> Double { Double(Timestamp.now.nanoseconds) / 1e9 }
}

/// An image that is not there.
struct PullFailure: Error, Sendable {
    let fault: PodFault
    /// Seconds until another try makes sense.
    let retryAfter: Double
}
