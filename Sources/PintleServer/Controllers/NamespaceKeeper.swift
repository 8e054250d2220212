import PintleClient
import PintleKinds
import PintleObjects
import PintleStore

/// Keeps namespaces in order: fills new ones, empties and removes those that are being deleted.
///
/// Driven by changes only. A namespace that was being deleted when the server stopped is taken up again at the start.
final class NamespaceKeeper: Sendable {
    /// The namespaces that every cluster has.
    static let initial = ["default", "kube-node-lease", "kube-public", "kube-system"]

    private static let certificateDescription =
        "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the "
        + "internal service IP or kubernetes.default.svc."

    private let writer: ObjectWriter
    private let kinds: KindTable
    private let namespaces: ServedKind
    private let accounts: ServedKind
    private let configMaps: ServedKind
    private let certificateAuthority: String

    init(writer: ObjectWriter, kinds: KindTable, certificateAuthority: String) throws(StatusError) {
        self.writer = writer
        self.kinds = kinds
        self.certificateAuthority = certificateAuthority
        namespaces = try kinds.find(.namespaces)
        accounts = try kinds.find(.serviceAccounts)
        configMaps = try kinds.find(.configMaps)
    }

    // MARK: Filling

    /// Creates the initial namespaces with what belongs in them; what exists is left alone.
    func createInitial() async throws(StatusError) {
        let results = await withTaskGroup(of: StatusError?.self) { group in
            for name in Self.initial {
                group.addTask { await self.failure { () async throws(StatusError) in try await self.ensure(name) } }
            }
            return await group.reduce(into: [StatusError]()) { if let failure = $1 { $0.append(failure) } }
        }
        if let first = results.first { throw first }
    }

    private func ensure(_ name: String) async throws(StatusError) {
        let namespace: JSON = ["kind": "Namespace", "apiVersion": "v1", "metadata": ["name": .string(name)]]
        try await createUnlessThere(namespaces, nil, namespace)
        try await fill(name)
    }

    /// Makes sure that a namespace has its default service account and the cluster's certificate.
    func fill(_ namespace: String) async throws(StatusError) {
        let account: JSON = ["kind": "ServiceAccount", "apiVersion": "v1", "metadata": ["name": "default"]]
        let certificate: JSON = [
            "kind": "ConfigMap", "apiVersion": "v1",
            "metadata": [
                "name": "kube-root-ca.crt",
                "annotations": ["kubernetes.io/description": .string(Self.certificateDescription)],
            ],
            "data": ["ca.crt": .string(certificateAuthority)],
        ]
        async let first = failure { () async throws(StatusError) in
            try await self.createUnlessThere(self.accounts, namespace, account)
        }
        async let second = failure { () async throws(StatusError) in
            try await self.createUnlessThere(self.configMaps, namespace, certificate)
        }
        let failures = await [first, second]
        if let failure = failures.compactMap({ $0 }).first { throw failure }
        try await renewCertificate(namespace)
    }

    /// Puts the present certificate into a ConfigMap that holds another one.
    private func renewCertificate(_ namespace: String) async throws(StatusError) {
        _ = try await writer.update(
            configMaps, namespace: namespace, name: "kube-root-ca.crt", subresource: nil, repeats: true
        ) { object throws(StatusError) in
            if object["data"]["ca.crt"].string == self.certificateAuthority { return nil }
            var object = object
            object["data"]["ca.crt"] = .string(self.certificateAuthority)
            return object
        }
    }

    private func createUnlessThere(_ kind: ServedKind, _ namespace: String?, _ object: JSON) async throws(StatusError) {
        let name = object["metadata"]["name"].string ?? ""
        if writer.cache.find(kind.key(namespace: namespace, name: name)) != nil { return }
        do throws(StatusError) {
            _ = try await writer.create(kind, namespace: namespace, object)
        } catch {
            if error.reason != "AlreadyExists" { throw error }
        }
    }

    private func failure(_ body: @Sendable () async throws(StatusError) -> Void) async -> StatusError? {
        do throws(StatusError) {
            try await body()
            return nil
        } catch {
            return error
        }
    }

    // MARK: Watching

    /// Works until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.followNamespaces() }
            group.addTask { await self.followContents(self.accounts) { $0 == "default" } }
            group.addTask { await self.followContents(self.configMaps) { $0 == "kube-root-ca.crt" } }
        }
    }

    private func followNamespaces() async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                let (list, watcher) = writer.cache.listAndWatch(namespaces.storageName, namespace: nil)
                for object in list.objects { react(to: object, in: &group) }
                following: while true {
                    switch await watcher.next() {
                    case .cancelled: return
                    case .expired: break following
                    case .events(let events, _):
                        for event in events where event.kind != .deleted {
                            let isFresh = event.kind == .added || Self.isEnding(event.object.json)
                            if isFresh { react(to: event.object, in: &group) }
                        }
                    }
                }
            }
        }
    }

    private func react(to object: CachedObject, in group: inout DiscardingTaskGroup) {
        let name = object.key.name
        if Self.isEnding(object.json) {
            group.addTask { await self.end(name) }
        } else {
            group.addTask { try? await self.fill(name) }
        }
    }

    private static func isEnding(_ namespace: JSON) -> Bool { namespace["metadata"]["deletionTimestamp"].string != nil }

    /// Replaces what every namespace must have when somebody deletes or changes it.
    private func followContents(_ kind: ServedKind, _ matters: @Sendable (String) -> Bool) async {
        while !Task.isCancelled {
            guard let watcher = try? writer.cache.watch(kind.storageName, after: nil) else { return }
            following: while true {
                switch await watcher.next() {
                case .cancelled: return
                case .expired: break following
                case .events(let events, _):
                    for event in events where event.kind != .added && matters(event.object.key.name) {
                        try? await fill(event.object.key.namespace)
                    }
                }
            }
        }
    }

    // MARK: Emptying

    /// Deletes all that a namespace holds, waits until it is gone, and lets the namespace go.
    private func end(_ name: String) async {
        while !Task.isCancelled {
            let remaining = await empty(name)
            guard let first = remaining.first else { break }
            // Something stays for a while (a pod that ends gracefully): look again when its kind changes.
            guard let watcher = try? writer.cache.watch(first.kind.storageName, after: first.revision) else { continue }
            if case .cancelled = await watcher.next() { return }
        }
        _ = try? await writer.update(namespaces, namespace: nil, name: name, subresource: "finalize", repeats: true) {
            namespace throws(StatusError) in
            guard Self.isEnding(namespace) else { return nil }
            var namespace = namespace
            namespace["spec"].updateObject { $0["finalizers"] = nil }
            return namespace
        }
        // What was being created while the namespace began to end goes with it.
        _ = await empty(name)
    }

    /// Deletes what is there; returns the kinds of which something remains, each with the revision that was looked at.
    private func empty(_ namespace: String) async -> [(kind: ServedKind, revision: Int64)] {
        var remaining: [(ServedKind, Int64)] = []
        for kind in kinds.all where kind.namespaced && kind.isStored {
            for object in writer.cache.list(kind.storageName, namespace: namespace).objects {
                _ = try? await writer.delete(
                    kind, namespace: namespace, name: object.key.name, DeleteOptions())
            }
            let left = writer.cache.list(kind.storageName, namespace: namespace)
            if !left.objects.isEmpty { remaining.append((kind, left.revision)) }
        }
        return remaining
    }
}
