internal import PintleObjects

extension PodWorker {
    /// The pod's range of user ids, or nil when it uses the node's.
    func userRange() async throws(PodFault) -> UserRange? {
        guard pod["spec"]["hostUsers"].bool == false else { return nil }
        let (users, uid) = (context.users, identity.uid)
        return try await BlockingWork.run { () throws(PodFault) in try users.range(for: uid) }
    }
}
