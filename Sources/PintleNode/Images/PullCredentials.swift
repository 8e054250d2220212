internal import PintleClient
internal import PintleObjects

/// A credential and where it comes from.
struct SourcedCredential: Sendable, Hashable {
    /// The Secret that it is from; nil when the node itself has it, from a credential provider.
    struct Secret: Sendable, Hashable {
        var namespace: String
        var name: String
        var uid: String
    }

    var credential: RegistryCredential
    var secret: Secret?
}

/// Finds the credentials with which a pod may pull an image.
struct PullCredentials: Sendable {
    let client: any APIClient
    let providers: CredentialProviders?

    /// What was found.
    struct Found: Sendable {
        var credentials: [SourcedCredential] = []
        /// Names of Secrets that are not there.
        var missing: [String] = []
    }

    /// The pod's own Secrets first, then what the node's providers say.
    func find(_ image: String, pod: JSON) async -> Found {
        var found = Found()
        let repository = ImageName.repository(image)
        let namespace = pod["metadata"]["namespace"].string ?? "default"
        for entry in pod["spec"]["imagePullSecrets"].array ?? [] {
            guard let name = entry["name"].string, !name.isEmpty else { continue }
            guard let secret = try? await client.get(.secrets, namespace: namespace, name: name) else {
                found.missing.append(name)
                continue
            }
            var keyring = RegistryKeyring()
            keyring.add(secret: secret)
            let source = SourcedCredential.Secret(
                namespace: namespace, name: name, uid: secret["metadata"]["uid"].string ?? "")
            found.credentials += keyring.lookup(repository).map { SourcedCredential(credential: $0, secret: source) }
        }
        if let providers {
            found.credentials += await providers.credentials(for: repository).map {
                SourcedCredential(credential: $0, secret: nil)
            }
        }
        return found
    }
}
