import PintleKinds
import PintleObjects
import PintleStore

extension ObjectWriter {
    /// Binds an unscheduled pod to the node that a binding names.
    ///
    /// `binding`: A valid `Binding`; its labels and annotations are added to the pod's.
    ///
    /// - Throws: 404; 409 when the pod is bound, is being deleted, waits for gates or has another uid.
    func bind(
        _ kind: ServedKind, namespace: String, pod name: String, _ binding: JSON, isDryRun: Bool = false
    ) async throws(StatusError) {
        var attempt = 1
        while true {
            let current = try find(kind, namespace: namespace, name: name)
            var pod = current.json
            try PodBinding.assign(binding, to: &pod, now: .now)
            let encoded = try encode(pod, kind)
            if isDryRun { return }
            do throws(StoreError) {
                _ = try await storage.replace(current, with: encoded)
                return
            } catch {
                guard error.code == .conflict, attempt < Self.maximumAttempts else { throw failure(error, kind, name) }
                attempt += 1
            }
        }
    }
}
