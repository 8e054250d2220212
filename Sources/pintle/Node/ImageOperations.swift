internal import Glibc
internal import PintleInterfaces
internal import PintleObjects

/// What `pintle image` asks for, in the running node or, when none runs, in its own process.
///
/// A request is one JSON object; answers are JSON objects: `{"line": TEXT}` to print, `{"progress": TEXT}` to show in
/// place, `{"error": TEXT}` at the end of a failure, `{"done": true}` at the end of a success.
struct ImageOperations: Sendable {
    let runtime: any RuntimeService

    /// Carries a request out.
    ///
    /// - Parameters:
    ///   - request: What is asked for.
    ///   - answer: Takes answers, in order; any thread.
    func run(_ request: JSON, answer: @escaping @Sendable (JSON) -> Void) async {
        do {
            switch request["operation"].string {
            case "import": try await importImages(request, answer)
            case "list": try await list(answer)
            case "remove": try await remove(request, answer)
            case "pull": try await pull(request, answer)
            case "build": try await build(request, answer)
            default: throw Failure("unknown image operation \(request["operation"].string ?? "none")")
            }
            answer(["done": true])
        } catch let error as DriverError {
            answer(["error": .string(error.message)])
        } catch {
            answer(["error": .string("\(error)")])
        }
    }

    private func importImages(_ request: JSON, _ answer: @escaping @Sendable (JSON) -> Void) async throws {
        let path = request["path"].string ?? ""
        var status = stat()
        guard stat(path, &status) == 0 else { throw Failure("\(path): \(NodeDirectory.reason())") }
        var driverRequest = RuntimeImportImageRequest()
        driverRequest.reference = request["reference"].string ?? ""
        var descriptor: Int32 = 0
        if status.st_mode & S_IFMT == S_IFDIR {
            driverRequest.path = path
        } else {
            descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor > 0 else { throw Failure("\(path): \(NodeDirectory.reason())") }
            driverRequest.archiveFd = descriptor
        }
        defer { if descriptor > 0 { close(descriptor) } }
        do {
            try await runtime.importImage(driverRequest, timeout: .seconds(3600)) { image in
                answer(["line": .string("imported \(image.repoTags.joined(separator: ", ")) \(image.id)")])
                return true
            }
        } catch {
            throw Failure("\(path): \(error.message)")
        }
    }

    private func list(_ answer: @Sendable (JSON) -> Void) async throws {
        var rows = [["IMAGE", "ID", "SIZE"]]
        for image in try await runtime.listImages(RuntimeImageRef()) {
            let names =
                image.repoTags.isEmpty ? (image.repoDigests.isEmpty ? ["<none>"] : image.repoDigests) : image.repoTags
            for name in names {
                let id = image.id.hasPrefix("sha256:") ? String(image.id.dropFirst(7).prefix(12)) : image.id
                rows.append([name, id, Self.size(image.sizeBytes)])
            }
        }
        for row in rows { answer(["line": .string(Table.line(row, rows))]) }
    }

    private func remove(_ request: JSON, _ answer: @Sendable (JSON) -> Void) async throws {
        for name in (request["images"].array ?? []).compactMap({ $0.string }) {
            var ref = RuntimeImageRef()
            ref.image = name
            _ = try await runtime.imageStatus(ref)
            try await runtime.removeImage(ref)
            answer(["line": .string("removed \(name)")])
        }
    }

    private func pull(_ request: JSON, _ answer: @escaping @Sendable (JSON) -> Void) async throws {
        var driverRequest = RuntimePullImageRequest()
        driverRequest.image = request["image"].string ?? ""
        driverRequest.platform = request["platform"].string ?? ""
        if let user = request["username"].string {
            var auth = RuntimeRegistryAuth()
            auth.username = user
            auth.password = request["password"].string ?? ""
            driverRequest.auth = auth
        }
        try await runtime.pullImage(driverRequest, timeout: .seconds(3600)) { progress in
            if !progress.imageId.isEmpty {
                answer(["line": .string("pulled \(progress.imageId)")])
            } else {
                answer(["progress": .string(Self.show(progress))])
            }
            return true
        }
    }

    private func build(_ request: JSON, _ answer: @Sendable (JSON) -> Void) async throws {
        func texts(_ key: String) -> [String] { (request[key].array ?? []).compactMap { $0.string } }
        var driverRequest = RuntimeBuildImageRequest()
        driverRequest.rootfs = request["rootfs"].string ?? ""
        driverRequest.reference = request["tag"].string ?? ""
        driverRequest.entrypoint = texts("entrypoint")
        driverRequest.command = texts("command")
        driverRequest.env = texts("env")
        driverRequest.user = request["user"].string ?? ""
        driverRequest.workingDir = request["workingDir"].string ?? ""
        driverRequest.exposedPorts = texts("ports")
        let image = try await runtime.buildImage(driverRequest, timeout: .seconds(3600))
        answer(["line": .string("built \(image.repoTags.joined(separator: ", ")) \(image.id)")])
    }

    private static func show(_ progress: RuntimePullProgress) -> String {
        let layer =
            progress.layer.hasPrefix("sha256:") ? String(progress.layer.dropFirst(7).prefix(12)) : progress.layer
        guard progress.totalBytes > 0 else { return "\(layer) \(progress.phase)" }
        let width = 30
        let filled = Int(Double(width) * min(1, Double(progress.doneBytes) / Double(progress.totalBytes)))
        let bar = String(repeating: "=", count: filled) + String(repeating: " ", count: width - filled)
        return "\(layer) \(progress.phase) [\(bar)] \(size(progress.doneBytes))/\(size(progress.totalBytes))"
    }

    private static func size(_ bytes: UInt64) -> String {
        let units = ["B", "kB", "MB", "GB", "TB"]
        var value = Double(bytes), unit = 0
        while value >= 1000, unit < units.count - 1 { (value, unit) = (value / 1000, unit + 1) }
        return unit == 0 ? "\(bytes) B" : "\((value * 10).rounded() / 10) \(units[unit])"
    }
}
