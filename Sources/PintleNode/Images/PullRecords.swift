internal import Crypto
internal import Glibc
internal import PintleNodePolicy
internal import PintleObjects

/// Which images this node pulled, and with whose credentials, on disk: an image is not handed to a pod that could not
/// have pulled it (KEP-2535).
///
/// Each image has one file in `image_manager/pulled`, in the form of the kubelet's ImagePulledRecord. Blocks: call it off
/// the cooperative pool.
struct PullRecords: Sendable {
    let directory: String
    let policy: ImagePolicy

    /// Whether a pod may use an image that is there.
    ///
    /// - Parameters:
    ///   - image: The name by which the pod asks.
    ///   - id: The image's id.
    ///   - credentials: What the pod has.
    /// - Returns: False when the registry has to be asked with the pod's own credentials.
    func allows(_ image: String, id: String, credentials: [SourcedCredential]) -> Bool {
        if policy.verification == .never { return true }
        let repository = ImageName.repository(image)
        guard let record = read(id) else {
            switch policy.verification {
            case .neverPreloaded, .never: return true
            case .neverAllowlisted: return policy.allowlist.contains { Self.covers($0, repository) }
            case .always: return false
            }
        }
        let known = record["credentialMapping"][repository]
        if known["nodePodsAccessible"].bool == true { return true }
        let secrets = known["kubernetesSecrets"].array ?? []
        return credentials.contains { own in
            secrets.contains { secret in
                if secret["credentialHash"].string == own.credential.digest { return true }
                guard let source = own.secret else { return false }
                return secret["uid"].string == source.uid && secret["namespace"].string == source.namespace
                    && secret["name"].string == source.name
            }
        }
    }

    /// An image was pulled with a credential; nil for none, so that every pod may use it.
    func record(_ image: String, id: String, with credential: SourcedCredential?) {
        let repository = ImageName.repository(image)
        var record =
            read(id)
            ?? [
                "kind": "ImagePulledRecord", "apiVersion": "kubelet.config.k8s.io/v1alpha1", "imageRef": .string(id),
                "credentialMapping": [:],
            ]
        var known = record["credentialMapping"][repository]
        if let credential, let secret = credential.secret {
            let entry: JSON = [
                "uid": .string(secret.uid), "namespace": .string(secret.namespace), "name": .string(secret.name),
                "credentialHash": .string(credential.credential.digest),
            ]
            let others = (known["kubernetesSecrets"].array ?? []).filter {
                $0["uid"] != entry["uid"] || $0["name"] != entry["name"] || $0["namespace"] != entry["namespace"]
            }
            known["kubernetesSecrets"] = .array(others + [entry])
        } else {
            known = ["nodePodsAccessible": true]
        }
        guard record["credentialMapping"][repository] != known else { return }
        record["credentialMapping"][repository] = known
        record["lastUpdatedTime"] = Timestamp.now.json
        write(record, id)
    }

    /// The image is gone from the node.
    func forget(_ id: String) { unlink(path(id)) }

    private func path(_ id: String) -> String {
        "\(directory)/pulled/sha256-\(RegistryKeyring.hex(SHA256.hash(data: Array(id.utf8))))"
    }

    private func read(_ id: String) -> JSON? {
        let text = PodFiles.read(path(id))
        return text.isEmpty ? nil : try? JSON(parsing: Array(text.utf8))
    }

    private func write(_ record: JSON, _ id: String) {
        mkdir(directory, 0o700)
        mkdir("\(directory)/pulled", 0o700)
        let target = path(id)
        let file = open("\(target).new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { return }
        let bytes = record.serialized()
        let isWhole = Glibc.write(file, bytes, bytes.count) == bytes.count && fsync(file) == 0
        close(file)
        if isWhole { rename("\(target).new", target) } else { unlink("\(target).new") }
    }

    /// `registry/path` or `registry/path/*`.
    static func covers(_ pattern: String, _ repository: String) -> Bool {
        guard pattern.hasSuffix("/*") else { return pattern == repository }
        return repository.hasPrefix(pattern.dropLast())
    }
}
