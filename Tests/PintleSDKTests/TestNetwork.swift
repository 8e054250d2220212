import PintleInterfaces
import PintleSDK

/// An error that is no DriverFailure.
struct Unforeseen: Error {}

/// A network whose answers depend on the attachment's id.
final class TestNetwork: NetworkDriver {
    private let host: any HostServices

    init(_ context: OpenContext) throws {
        let config = String(decoding: context.config, as: UTF8.self)
        guard config != "refuse" else {
            throw DriverFailure(
                .resource, reason: "NoRange", "no range is free", errno: 28, retryAfter: .milliseconds(2500))
        }
        host = context.host
        host.log(.info, "opened with \(config) as \(context.instanceID)")
    }

    var capabilities: [String] { ["pintle.network.mac/1"] }

    func attach(_ request: NetworkAttachRequest, _ call: Call) throws -> NetworkAttachment {
        switch request.attachmentId {
        case "fail": throw DriverFailure(.conflict, reason: "PortTaken", "port 80 is taken", errno: 98)
        case "throw": throw Unforeseen()
        case "services": try services()
        default: break
        }
        var link = NetworkInterface()
        link.name = request.interface
        var result = NetworkAttachment()
        result.interfaces = [link]
        result.addresses = request.ips.map { ip in
            var address = NetworkAddress()
            address.address = ip
            return address
        }
        return result
    }

    private func services() throws {
        host.log(.warning, "Ünïcode")
        host.event(.error, reason: "Broken", "something broke")
        host.metric("attached", add: 3)
        try host.ledgerPut(kind: "address", key: "10.0.0.1", owner: "a")
        guard try host.ledgerList(kind: "address") == [LedgerEntry(kind: "address", key: "k", owner: "o")] else {
            throw Unforeseen()
        }
        try host.ledgerDelete(kind: "address", key: "10.0.0.1")
    }

    func detach(_ request: NetworkDetachRequest, _ call: Call) throws {}
    func check(_ request: NetworkCheckRequest, _ call: Call) throws {}

    func status(_ call: Call) throws -> NetworkStatus {
        host.log(
            .debug,
            "deadline \(call.deadline.map { "\($0)" } ?? "none"), descriptor \(call.cancelDescriptor.map { "\($0)" } ?? "none")"
        )
        return NetworkStatus()
    }

    func gc(_ request: NetworkGcRequest, _ call: Call, yield: (NetworkGcItem) throws -> Void) throws {
        for index in 0..<10 {
            try call.checkCancellation()
            var item = NetworkGcItem()
            item.name = "\(index)"
            try yield(item)
        }
    }

    func version(_ call: Call) throws -> NetworkVersion { NetworkVersion() }
    func close() { host.log(.info, "closed") }
}

/// The plugin, made once as a library does.
let testPlugin = Plugin(id: "dev.pintle.sdk-test", version: "3.2.1", .network(TestNetwork.self))
