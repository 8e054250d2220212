internal import Glibc
internal import PintleInterfaces
internal import PintleNodePolicy
internal import PintleObjects

/// Which images are removed, and when: a decision without I/O.
struct ImageCollection: Sendable {
    /// What is known of an image; times are seconds of one clock.
    struct Record: Sendable, Hashable {
        var size: Int64
        var firstDetected: Double
        var lastUsed: Double
    }

    private(set) var records: [String: Record] = [:]

    /// Takes in what is there now.
    mutating func observe(_ images: [(id: String, size: Int64)], inUse: Set<String>, now: Double) {
        var seen: [String: Record] = [:]
        for image in images {
            var record = records[image.id] ?? Record(size: image.size, firstDetected: now, lastUsed: 0)
            record.size = image.size
            if inUse.contains(image.id) { record.lastUsed = now }
            seen[image.id] = record
        }
        records = seen
    }

    /// Images that may go to free so many bytes, in the order in which they go: the longest unused first.
    ///
    /// Those in use, and those younger than the least age, stay.
    func victims(bytes: Int64, inUse: Set<String>, minimumAge: Double, now: Double) -> [String] {
        var left = bytes
        var victims: [String] = []
        for (id, record) in order(inUse) where left > 0 && now - record.firstDetected >= minimumAge {
            victims.append(id)
            left -= record.size
        }
        return victims
    }

    /// Images that nobody has used for so long.
    func outdated(age: Double, inUse: Set<String>, now: Double) -> [String] {
        order(inUse).filter { now - max($0.1.lastUsed, $0.1.firstDetected) > age }.map(\.0)
    }

    private func order(_ inUse: Set<String>) -> [(String, Record)] {
        records.filter { !inUse.contains($0.key) }
            .sorted { a, b in
                if a.value.lastUsed != b.value.lastUsed { return a.value.lastUsed < b.value.lastUsed }
                if a.value.firstDetected != b.value.firstDetected {
                    return a.value.firstDetected < b.value.firstDetected
                }
                return a.key < b.key
            }
            .map { ($0.key, $0.value) }
    }
}

/// Removes images that nobody uses when the disk is nearly full, and those that were not used for long.
actor ImageCollector {
    private let runtime: any RuntimeService
    private let policy: ImagePolicy
    private let disk: String
    private let records: PullRecords
    private let onFailure: @Sendable (_ reason: String, _ message: String) -> Void
    private var collection = ImageCollection()

    init(
        runtime: any RuntimeService, policy: ImagePolicy, disk: String, records: PullRecords,
        onFailure: @escaping @Sendable (_ reason: String, _ message: String) -> Void
    ) {
        self.runtime = runtime
        self.policy = policy
        self.disk = disk
        self.records = records
        self.onFailure = onFailure
    }

    /// Looks once, as every five minutes; costs a statvfs unless the disk is nearly full or images have a greatest age.
    func collect(now: Double) async {
        var space = statvfs()
        guard statvfs(disk, &space) == 0, space.f_blocks > 0 else { return }
        let capacity = Int64(space.f_blocks) * Int64(space.f_frsize)
        let available = min(capacity, Int64(space.f_bavail) * Int64(space.f_frsize))
        let used = 100 - Int64(Double(available) * 100 / Double(capacity))
        let isFull = used >= policy.gcHighThresholdPercent
        guard let inUse = await observe(now: now), isFull || policy.maximumGCAge > 0 else { return }
        if policy.maximumGCAge > 0 {
            for id in collection.outdated(age: policy.maximumGCAge, inUse: inUse, now: now) { _ = await remove(id) }
        }
        guard isFull else { return }
        let wanted = capacity * (100 - policy.gcLowThresholdPercent) / 100 - available
        var freed: Int64 = 0
        for id in collection.victims(bytes: wanted, inUse: inUse, minimumAge: policy.minimumGCAge, now: now) {
            freed += await remove(id)
        }
        if freed < wanted {
            onFailure(
                "FreeDiskSpaceFailed",
                "Failed to garbage collect required amount of images. Attempted to free \(wanted) bytes, but only found \(freed) bytes eligible to free."
            )
        }
    }

    /// Removes every image that nobody uses; true when there was one.
    func removeUnused(now: Double) async -> Bool {
        guard let inUse = await observe(now: now) else { return false }
        var freed = false
        for id in collection.victims(bytes: .max, inUse: inUse, minimumAge: 0, now: now) {
            if await remove(id) > 0 { freed = true }
        }
        return freed
    }

    /// - Returns: The ids of images in use; nil when the runtime does not tell.
    private func observe(now: Double) async -> Set<String>? {
        do {
            let containers = try await runtime.listContainers(RuntimeContainerFilter())
            let images = try await runtime.listImages(RuntimeImageRef())
            var inUse = Set(containers.map(\.imageId))
            for image in images where image.pinned { inUse.insert(image.id) }
            // An image that is mounted as a volume is in use too.
            for reference in containers.flatMap(\.mounts).map(\.image) where !reference.isEmpty {
                for image in images where image.id == reference || image.repoTags.contains(reference) {
                    inUse.insert(image.id)
                }
            }
            collection.observe(
                images.map { ($0.id, Int64(clamping: $0.sizeBytes)) }, inUse: inUse, now: now)
            return inUse
        } catch {
            onFailure("ImageGCFailed", error.message)
            return nil
        }
    }

    private func remove(_ id: String) async -> Int64 {
        var ref = RuntimeImageRef()
        ref.image = id
        do {
            try await runtime.removeImage(ref)
            let records = self.records
            await BlockingWork.run { records.forget(id) }
            return collection.records[id]?.size ?? 0
        } catch {
            onFailure("ImageGCFailed", "wanted to free image \(id): \(error.message)")
            return 0
        }
    }
}
