internal import PintleInterfaces
internal import PintleObjects
internal import Synchronization

/// Makes sure that a container's image is there, by its pull policy; one pull for all who want the same image.
actor ImagePuller {
    private let runtime: any RuntimeService
    private var pulls: [String: Task<Result<String, DriverError>, Never>] = [:]
    private var backoffs: [String: (backoff: Backoff, failed: Double, fault: PodFault)] = [:]

    init(runtime: any RuntimeService) { self.runtime = runtime }

    /// What happened, for events.
    enum Outcome: Sendable {
        /// It was there.
        case present(RuntimeImage)
        /// It was pulled, in so many seconds.
        case pulled(RuntimeImage, seconds: Double)
    }

    /// - Throws: ``PodFault`` with reason `InvalidImageName`, `ErrImageNeverPull`, `ErrImagePull` or
    ///   `ImagePullBackOff`, and how long to wait before the next try.
    func ensure(_ image: String, policy: String, namespace: String, onPull: @Sendable () async -> Void)
        async throws(PullFailure) -> Outcome
    {
        var ref = RuntimeImageRef()
        ref.image = image
        if policy != "Always" {
            do {
                return .present(try await runtime.imageStatus(ref))
            } catch {
                guard error.code == .notFound else { throw failure(image, error) }
                if policy == "Never" {
                    throw PullFailure(
                        fault: PodFault(
                            "ErrImageNeverPull", "Container image \"\(image)\" is not present with pull policy of Never"
                        ), retryAfter: 10)
                }
            }
        }
        let now = Self.now()
        if let entry = backoffs[image], let left = entry.backoff.remaining(since: entry.failed, now: now) {
            throw PullFailure(
                fault: PodFault(
                    "ImagePullBackOff",
                    "Back-off pulling image \"\(image)\": \(entry.fault.reason): \(entry.fault.message)"),
                retryAfter: left)
        }
        await onPull()
        let task: Task<Result<String, DriverError>, Never>
        if let running = pulls[image] {
            task = running
        } else {
            task = Task { [runtime] in await Self.pull(image, namespace, runtime) }
            pulls[image] = task
        }
        let result = await task.value
        pulls[image] = nil
        switch result {
        case .success(let id):
            backoffs[image] = nil
            ref.image = id
            do { return .pulled(try await runtime.imageStatus(ref), seconds: Self.now() - now) } catch {
                throw failure(image, error)
            }
        case .failure(let error):
            throw failure(image, error)
        }
    }

    private func failure(_ image: String, _ error: DriverError) -> PullFailure {
        let reason = error.reason == "InvalidImageName" ? "InvalidImageName" : "ErrImagePull"
        let fault = PodFault(reason, error.message)
        let now = Self.now()
        var backoff = backoffs[image]?.backoff ?? Backoff()
        backoff.next(at: now)
        backoffs[image] = (backoff, now, fault)
        return PullFailure(fault: fault, retryAfter: backoff.delay)
    }

    private static func pull(_ image: String, _ namespace: String, _ runtime: any RuntimeService) async -> Result<
        String, DriverError
    > {
        var request = RuntimePullImageRequest()
        request.image = image
        request.sandboxNamespace = namespace
        let id = Mutex("")
        do {
            try await runtime.pullImage(request, timeout: .seconds(3600)) { progress in
                if !progress.imageId.isEmpty { id.withLock { $0 = progress.imageId } }
                return true
            }
            return .success(id.withLock { $0 })
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
