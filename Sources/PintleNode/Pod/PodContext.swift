internal import PintleClient
internal import PintleInterfaces

/// What every pod worker of a node shares.
struct PodContext: Sendable {
    var client: any APIClient
    let runtime: any RuntimeService
    let networks: [any NetworkService]
    let storage: any StorageService
    let settings: NodeSettings
    let images: ImagePuller
    let references: References
    let events: EventRecorder
    let hostIPs: [String]
    let memoryCapacity: Int64
    let users: UserNamespaces
    let node: NodeState
    let admission: NodeAdmission
    /// For the node's log.
    let log: @Sendable (String) -> Void
}
