internal import PintleInterfaces
internal import PintleSDK

/// A network that makes no link: every pod "has" 192.0.2.1.
///
/// A template: see README.md.
final class NullNetwork: NetworkDriver {
    private static let kind = "attachment"
    private let host: any HostServices

    /// Opens an instance.
    ///
    /// `context.config` is the configuration as JSON, valid against the manifest's schema.
    init(_ context: OpenContext) throws { host = context.host }

    /// What this kernel and configuration allow, of what the manifest declares.
    var capabilities: [String] { [] }

    func attach(_ request: NetworkAttachRequest, _ call: Call) throws -> NetworkAttachment {
        try host.ledgerPut(kind: Self.kind, key: request.attachmentId, owner: request.sandboxId)
        // Here a network makes links in request.netnsFd, and undoes everything when that fails.
        var link = NetworkInterface()
        link.name = request.interface
        link.sandbox = true
        var address = NetworkAddress()
        address.address = "192.0.2.1/32"
        address.interface = 1
        var result = NetworkAttachment()
        result.interfaces = [link]
        result.addresses = [address]
        return result
    }

    func detach(_ request: NetworkDetachRequest, _ call: Call) throws {
        try host.ledgerDelete(kind: Self.kind, key: request.attachmentId)
    }

    func check(_ request: NetworkCheckRequest, _ call: Call) throws {
        guard try host.ledgerList(kind: Self.kind).contains(where: { $0.key == request.attachmentId }) else {
            throw DriverFailure(.notFound, reason: "NotAttached", "there is no such attachment")
        }
    }

    func status(_ call: Call) throws -> NetworkStatus {
        var status = NetworkStatus()
        status.ready = true
        return status
    }

    func gc(_ request: NetworkGcRequest, _ call: Call, yield: (NetworkGcItem) throws -> Void) throws {
        let valid = Set(request.valid.map(\.attachmentId))
        for entry in try host.ledgerList(kind: Self.kind) where !valid.contains(entry.key) {
            try call.checkCancellation()
            try host.ledgerDelete(kind: entry.kind, key: entry.key)
            var item = NetworkGcItem()
            item.kind = entry.kind
            item.name = entry.key
            item.attachmentId = entry.key
            try yield(item)
        }
    }

    func version(_ call: Call) throws -> NetworkVersion {
        var version = NetworkVersion()
        version.name = "null"
        version.version = "1.0.0"
        version.protocols = ["1.1.0"]
        return version
    }

    func close() {}
}

private let plugin = Plugin(id: "com.example.null.swift", version: "1.0.0", .network(NullNetwork.self))

/// What the SDK's entry function asks for: the driver's descriptor.
@c(pintle_driver) public func pintleDriver() -> UInt64 { plugin.definition }
