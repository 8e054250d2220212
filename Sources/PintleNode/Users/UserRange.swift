internal import PintleInterfaces
internal import PintleObjects

/// The node's ids that stand for the users and groups of one pod: its user 0 is `first`.
struct UserRange: Sendable, Hashable {
    /// How many ids every pod has.
    static let length: Int64 = 65_536

    let first: Int64

    /// Whether the ranges of two pods have an id in common.
    func overlaps(_ other: UserRange) -> Bool { abs(first - other.first) < Self.length }

    private var mapping: RuntimeIdMapping {
        var mapping = RuntimeIdMapping()
        mapping.containerId = 0
        mapping.hostId = first
        mapping.length = Self.length
        return mapping
    }

    /// The pod's user namespace, as the runtime is told.
    var namespace: RuntimeUserNamespace {
        var namespace = RuntimeUserNamespace()
        namespace.mode = .pod
        namespace.uids = [mapping]
        namespace.gids = [mapping]
        return namespace
    }

    /// Mounts whose files show the pod the owners that they have on the node.
    func mapped(_ mounts: [RuntimeMount]) -> [RuntimeMount] {
        mounts.map { mount in
            var mount = mount
            mount.uidMappings = [mapping]
            mount.gidMappings = [mapping]
            return mount
        }
    }

    /// Reads the form that is kept in the pod's directory, which is kubelet's.
    init?(json: JSON) {
        let mapping = json["uidMappings"][0]
        guard let first = mapping["hostId"].int, mapping["length"].int == Self.length, first > 0,
            first <= Int64(UInt32.max) - Self.length
        else { return nil }
        self.first = first
    }

    init(first: Int64) { self.first = first }

    var json: JSON {
        let mapping: JSON = ["hostId": .integer(first), "containerId": 0, "length": .integer(Self.length)]
        return ["uidMappings": [mapping], "gidMappings": [mapping]]
    }
}
