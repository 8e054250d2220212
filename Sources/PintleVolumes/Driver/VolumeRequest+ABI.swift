internal import PintleInterfaces
internal import PintleObjects
internal import PintleSDK

extension VolumeRequest {
    /// Reads what a publish request asks for.
    init(_ request: StoragePublishRequest) throws(VolumeError) {
        guard request.capability?.block != true else {
            throw VolumeError(
                .unsupported, reason: "BlockVolume", "local volumes are file systems, not raw block devices")
        }
        let context = request.volumeContext
        let source: Source =
            switch context["type"] ?? "" {
            case "hostPath": try Self.hostPath(context)
            case "emptyDir": try Self.emptyDirectory(context)
            case "subPath": .part(of: context["volume"] ?? "", at: context["subPath"] ?? "")
            case let other:
                throw VolumeError(
                    .unsupported, reason: "VolumeType",
                    "volume type \(other.isEmpty ? "(none)" : other) is not supported; hostPath and emptyDir are")
            }
        self.init(source, at: request.targetPath, isReadOnly: request.readonly)
        if request.hasFsGroup {
            // The kernel takes -1 for "leave it".
            guard let group = UInt32(exactly: request.fsGroup), group != .max else {
                throw VolumeError(.invalid, reason: "InvalidGroup", "fsGroup \(request.fsGroup) is no group id")
            }
            fsGroup = group
        }
        changesGroupOnRootMismatchOnly = request.fsGroupPolicy == .onRootMismatch
        propagation = context["mountPropagation"] == "Bidirectional" ? .bidirectional : .hostToContainer
    }

    private static func hostPath(_ context: [String: String]) throws(VolumeError) -> Source {
        let name = context["hostPathType"] ?? ""
        guard let type = HostPathType(rawValue: name) else {
            throw VolumeError(.invalid, reason: "InvalidHostPathType", "\(name) is an invalid volume type")
        }
        return .hostPath(context["path"] ?? "", type)
    }

    private static func emptyDirectory(_ context: [String: String]) throws(VolumeError) -> Source {
        var limit: UInt64?
        if let text = context["sizeLimit"], !text.isEmpty {
            guard let quantity = Quantity(text), let bytes = UInt64(exactly: quantity.value) else {
                throw VolumeError(.invalid, reason: "InvalidSizeLimit", "sizeLimit \(text) is no size in bytes")
            }
            limit = bytes == 0 ? nil : bytes
        }
        switch context["medium"] ?? "" {
        case "": return .emptyDirectory(.disk, sizeLimit: limit)
        case "Memory": return .emptyDirectory(.memory, sizeLimit: limit)
        case let medium where medium == "HugePages" || medium.hasPrefix("HugePages-"):
            throw VolumeError(
                .unsupported, reason: "HugePages", "emptyDir medium \(medium) is not supported: use \"\" or Memory")
        case let medium:
            throw VolumeError(.invalid, reason: "InvalidMedium", "emptyDir medium \(medium) is unknown")
        }
    }
}

extension DriverFailure {
    /// The same failure in the ABI's words.
    init(_ error: VolumeError) {
        let code: Code =
            switch error.code {
            case .notFound: .notFound
            case .conflict: .conflict
            case .invalid: .invalid
            case .unsupported: .unsupported
            case .busy: .busyRetry
            case .resource: .resource
            case .permission: .permission
            case .cancelled: .cancelled
            case .failed: .internal
            }
        self.init(code, reason: error.reason, error.message, errno: error.errno)
    }
}
