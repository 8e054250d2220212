import PintleInterfaces
import PintleSDK
import PintleSystem
import Synchronization

extension RuntimeNamespace {
    func listImages(_ request: RuntimeImageRef, _ call: Call, yield: (RuntimeImage) throws -> Void) throws {
        let list = request.image.isEmpty ? images.list() : images.resolve(request.image).map { [$0] } ?? []
        for image in list { try yield(image.described) }
    }

    func imageStatus(_ request: RuntimeImageRef, _ call: Call) throws -> RuntimeImage {
        try imageWork { () throws(ImageError) in try images.status(request.image) }.described
    }

    func pullImage(
        _ request: RuntimePullImageRequest, _ call: Call, yield: (RuntimePullProgress) throws -> Void
    ) throws {
        var auth = RegistryAuth()
        if let given = request.auth { auth = try Self.auth(given) }
        var platform: ImagePlatform?
        if !request.platform.isEmpty {
            guard let parsed = ImagePlatform(parsing: request.platform) else {
                throw DriverFailure(
                    .invalid, reason: "InvalidPlatform", "\"\(request.platform)\" is not of the form OS/ARCHITECTURE")
            }
            platform = parsed
        }
        // The store's callback can only say stop: what the sink threw is thrown when the pull has ended.
        var failure: (any Error)?
        let pulled = Result { () throws(ImageError) in
            try images.pull(
                request.image, auth: request.auth == nil ? nil : auth, platform: platform,
                operation: call.imageOperation
            ) { progress in
                var item = RuntimePullProgress()
                item.layer = progress.layer
                item.doneBytes = progress.done
                item.totalBytes = progress.total
                item.phase = progress.phase.rawValue
                do { try yield(item) } catch { failure = error }
                return failure == nil
            }
        }
        if let failure { throw failure }
        let image = try imageWork { () throws(ImageError) in try pulled.get() }
        var last = RuntimePullProgress()
        last.imageId = image.id
        last.phase = "done"
        try yield(last)
    }

    private static func auth(_ given: RuntimeRegistryAuth) throws(DriverFailure) -> RegistryAuth {
        var auth = RegistryAuth(username: given.username, password: given.password)
        if auth.username.isEmpty, !given.auth.isEmpty {
            guard let pair = Base64.decode(given.auth), let colon = pair.firstIndex(of: UInt8(ascii: ":")) else {
                throw DriverFailure(.invalid, reason: "InvalidAuth", "auth is not the Base64 of user:password")
            }
            auth.username = String(decoding: pair[..<colon], as: UTF8.self)
            auth.password = String(decoding: pair[(colon + 1)...], as: UTF8.self)
        }
        auth.identityToken = given.identityToken
        auth.registryToken = given.registryToken
        return auth
    }

    func removeImage(_ request: RuntimeImageRef, _ call: Call) throws {
        _ = try imageWork { () throws(ImageError) in try images.remove(request.image) }
    }

    func imageFsInfo(_ call: Call, yield: (RuntimeFilesystemUsage) throws -> Void) throws {
        let info = try imageWork { () throws(ImageError) in try images.fsInfo() }
        var usage = RuntimeFilesystemUsage()
        usage.timestampNs = info.timestamp
        usage.mountpoint = info.directory
        usage.usedBytes = info.usedBytes
        usage.inodesUsed = info.usedInodes
        usage.capacityBytes = info.capacityBytes
        usage.availableBytes = info.availableBytes
        try yield(usage)
        usage.containerData = true
        usage.mountpoint = settings.dataDirectory
        (usage.usedBytes, usage.inodesUsed) = objects.withLock { Array($0.containers.keys) }.reduce((0, 0)) { sum, id in
            let size = TreeSize.measure(store.upper(id))
            return (sum.0 + size.bytes, sum.1 + size.inodes)
        }
        try yield(usage)
    }

    func importImage(_ request: RuntimeImportImageRequest, _ call: Call, yield: (RuntimeImage) throws -> Void) throws {
        let source: ImageSource = request.archiveFd > 0 ? .descriptor(request.archiveFd) : .path(request.path)
        let imported = try imageWork { () throws(ImageError) in
            try images.importImages(
                source, name: request.reference.isEmpty ? nil : request.reference, operation: call.imageOperation)
        }
        for image in imported { try yield(image.described) }
    }

    func buildImage(_ request: RuntimeBuildImageRequest, _ call: Call) throws -> RuntimeImage {
        var recipe = ImageRecipe()
        recipe.tags = request.reference.isEmpty ? [] : [request.reference]
        recipe.config.entrypoint = request.entrypoint
        recipe.config.cmd = request.command
        recipe.config.env = request.env
        recipe.config.user = request.user
        recipe.config.workingDir = request.workingDir
        recipe.config.labels = request.labels
        recipe.config.exposedPorts = request.exposedPorts
        recipe.config.stopSignal = request.stopSignal
        return try imageWork { () throws(ImageError) in
            try images.build(rootfs: request.rootfs, recipe: recipe, operation: call.imageOperation)
        }.described
    }
}

/// Runs work of the image store and turns its error into the host's.
func imageWork<R>(_ body: () throws(ImageError) -> R) throws(DriverFailure) -> R {
    do { return try body() } catch { throw error.driverFailure }
}

extension Call {
    /// The same bounds for the image store.
    var imageOperation: ImageOperation {
        ImageOperation(deadline: Int64(clamping: deadline ?? 0)) { isCancelled }
    }
}

extension ImageError {
    /// The failure that the host sees.
    var driverFailure: DriverFailure {
        let status: DriverFailure.Code =
            switch code {
            case .notFound: .notFound
            case .alreadyExists: .alreadyExists
            case .conflict: .conflict
            case .invalid: .invalid
            case .unsupported: .unsupported
            case .deadline: .deadline
            case .cancelled: .cancelled
            case .resource: .resource
            case .permission: .permission
            case .unavailable: .unavailable
            case .internal: .internal
            }
        return DriverFailure(
            status, reason: reason, message, errno: errno, retryAfter: retryAfter > 0 ? .nanoseconds(retryAfter) : nil)
    }
}

extension StoredImage {
    /// What the host is told.
    var described: RuntimeImage {
        var image = RuntimeImage()
        image.id = id
        image.repoTags = repoTags
        image.repoDigests = repoDigests
        image.sizeBytes = size
        let user = config.user.prefix { $0 != ":" }
        if let uid = Int64(user) {
            image.hasUid = true
            image.uid = uid
        } else {
            image.username = String(user)
        }
        image.annotations = annotations
        return image
    }
}
