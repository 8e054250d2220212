internal import PintleNodePolicy
internal import PintleObjects

/// Programs that know credentials: the kubelet's credential provider plug-ins, `credentialprovider.kubelet.k8s.io/v1`.
///
/// Answers are kept as long as the program says, or as the configuration does.
actor CredentialProviders {
    private struct Provider: Sendable {
        var name: String
        var matchImages: [String]
        var defaultCacheDuration: Double
        var apiVersion: String
        var arguments: [String]
        var environment: [String: String]
    }

    private struct Cached {
        var keyring: RegistryKeyring
        var until: Double
    }

    private let providers: [Provider]
    private let folder: String
    private let log: @Sendable (String) -> Void
    private var cache: [String: Cached] = [:]

    /// Reads the configuration.
    ///
    /// - Throws: A ``PodFault`` that names file and field.
    init(policy: ImagePolicy, text: String, log: @escaping @Sendable (String) -> Void) throws(PodFault) {
        folder = policy.credentialProviderBinDir
        self.log = log
        let path = policy.credentialProviderConfig
        func wrong(_ message: String) -> PodFault { PodFault("InvalidCredentialProviderConfig", "\(path): \(message)") }
        let config: JSON
        do { config = try JSON(yaml: text) } catch { throw wrong(error.description) }
        guard config["kind"].string == "CredentialProviderConfig",
            config["apiVersion"].string?.hasPrefix("kubelet.config.k8s.io/v1") == true
        else { throw wrong("expected kind CredentialProviderConfig of kubelet.config.k8s.io/v1") }
        var providers: [Provider] = []
        for (index, entry) in (config["providers"].array ?? []).enumerated() {
            let at = "providers[\(index)]"
            guard let name = entry["name"].string, !name.isEmpty, !name.contains("/"), name != ".." else {
                throw wrong("\(at).name: expected the name of a program in \(folder)")
            }
            let images = (entry["matchImages"].array ?? []).compactMap { $0.string }
            guard !images.isEmpty else { throw wrong("\(at).matchImages: expected at least one pattern") }
            guard let duration = entry["defaultCacheDuration"].string.flatMap({ GoDuration.seconds($0) }) else {
                throw wrong("\(at).defaultCacheDuration: expected a duration such as 12h")
            }
            guard let version = entry["apiVersion"].string, version.hasPrefix("credentialprovider.kubelet.k8s.io/v1")
            else { throw wrong("\(at).apiVersion: expected credentialprovider.kubelet.k8s.io/v1") }
            var environment: [String: String] = [:]
            for variable in entry["env"].array ?? [] {
                environment[variable["name"].string ?? ""] = variable["value"].string ?? ""
            }
            providers.append(
                Provider(
                    name: name, matchImages: images, defaultCacheDuration: duration, apiVersion: version,
                    arguments: (entry["args"].array ?? []).compactMap { $0.string }, environment: environment))
        }
        self.providers = providers
    }

    /// What the programs know of a repository; one that fails is told in the log and knows nothing.
    func credentials(for repository: String) async -> [RegistryCredential] {
        var found: [RegistryCredential] = []
        for provider in providers
        where provider.matchImages.contains(where: { RegistryKeyring.matches($0, repository) }) {
            found += await ask(provider, repository)
        }
        return found
    }

    private func ask(_ provider: Provider, _ repository: String) async -> [RegistryCredential] {
        let now = Double(Timestamp.now.nanoseconds) / 1e9
        let registry = String(repository.prefix { $0 != "/" })
        for key in [repository, registry, "*"] {
            if let cached = cache["\(provider.name) \(key)"], cached.until > now {
                return cached.keyring.lookup(repository)
            }
        }
        let request: JSON = [
            "kind": "CredentialProviderRequest", "apiVersion": .string(provider.apiVersion),
            "image": .string(repository),
        ]
        let program = Subprogram(
            path: "\(folder)/\(provider.name)", arguments: provider.arguments, environment: provider.environment)
        let answer: JSON
        do throws(PodFault) {
            let text = try await BlockingWork.run { () throws(PodFault) in
                try program.run(input: request.serialized(), timeout: 60)
            }
            guard let json = try? JSON(parsing: text), json["kind"].string == "CredentialProviderResponse" else {
                throw PodFault("BadAnswer", "expected a CredentialProviderResponse")
            }
            answer = json
        } catch {
            log("credential provider \(provider.name): \(error.message)")
            return []
        }
        var keyring = RegistryKeyring()
        keyring.add(config: answer["auth"])
        let duration =
            answer["cacheDuration"].string.flatMap { GoDuration.seconds($0) } ?? provider.defaultCacheDuration
        let key: String
        switch answer["cacheKeyType"].string {
        case "Global": key = "*"
        case "Registry": key = registry
        default: key = repository
        }
        if duration > 0 { cache["\(provider.name) \(key)"] = Cached(keyring: keyring, until: now + duration) }
        return keyring.lookup(repository)
    }
}
