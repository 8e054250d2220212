internal import PintleNetlink
internal import PintleObjects
internal import PintleSDK

/// What the configuration file says about this driver.
///
/// Every key has the name that CNI's bridge gives it, where it has one.
struct BridgeConfiguration: Sendable {
    /// A route that pods get beside the default one.
    struct ExtraRoute: Sendable, Hashable {
        let destination: Subnet
        /// nil means the gateway of the destination's family.
        let gateway: IPAddress?
    }

    /// The ranges that pods get addresses from, one address of each; the first one's is a pod's primary address.
    var subnets: [Subnet]
    /// Bytes; 0 means that of the link with the node's default route.
    var mtu: UInt32 = 0
    /// Pods can reach themselves through the bridge.
    var hairpinMode = true
    /// The bridge takes in every frame.
    var promiscMode = false
    /// What pods send beyond the ranges comes from the node's address.
    var ipMasq = true
    /// Networks that see pods' own addresses in spite of ``ipMasq``.
    var noMasquerade: [Subnet] = []
    /// Pods get a default route.
    var defaultRoute = true
    var routes: [ExtraRoute] = []

    /// The defaults, over `subnets`.
    init(subnets: [Subnet]) { self.subnets = subnets }

    /// Reads the JSON that the driver was opened with.
    ///
    /// The host has checked its shape against the manifest's schema; this checks what a schema cannot.
    init(json bytes: [UInt8]) throws {
        let json: JSON
        do {
            json = try JSON(parsing: bytes)
        } catch {
            throw Self.invalid("configuration", "is no JSON: \(error)")
        }
        subnets = try Self.subnets(json, "subnets")
        mtu = UInt32(clamping: json["mtu"].int ?? 0)
        hairpinMode = json["hairpinMode"].bool ?? true
        promiscMode = json["promiscMode"].bool ?? false
        ipMasq = json["ipMasq"].bool ?? true
        noMasquerade = try Self.subnets(json, "noMasquerade")
        defaultRoute = json["defaultRoute"].bool ?? true
        routes = try (json["routes"].array ?? []).enumerated().map { try Self.route($1, "routes[\($0)]") }
        try validate()
    }

    /// Throws what is wrong with the ranges.
    func validate() throws {
        guard !subnets.isEmpty else {
            throw Self.invalid("subnets", "names no range; write one, such as 10.244.0.0/24")
        }
        for (index, subnet) in subnets.enumerated() {
            guard AddressPool(subnet) != nil else {
                throw Self.invalid("subnets[\(index)]", "\(subnet) has no room for a gateway and a pod")
            }
            if let other = subnets[..<index].first(where: subnet.overlaps) {
                throw Self.invalid("subnets[\(index)]", "\(subnet) overlaps \(other)")
            }
        }
        guard mtu == 0 || (68...65535).contains(mtu) else {
            throw Self.invalid("mtu", "\(mtu) is not between 68 and 65535")
        }
    }

    private static func subnets(_ json: JSON, _ key: String) throws -> [Subnet] {
        try (json[key].array ?? []).enumerated().map { index, item in
            guard let subnet = item.string.flatMap({ Subnet($0) }) else {
                throw invalid("\(key)[\(index)]", "\(item) is no network such as 10.244.0.0/24")
            }
            return subnet
        }
    }

    private static func route(_ json: JSON, _ path: String) throws -> ExtraRoute {
        guard let destination = json["dst"].string.flatMap({ Subnet($0) }) else {
            throw invalid("\(path).dst", "\(json["dst"]) is no network such as 10.0.0.0/8")
        }
        guard let text = json["gw"].string, !text.isEmpty else {
            return ExtraRoute(destination: destination, gateway: nil)
        }
        guard let gateway = IPAddress(text), gateway.family == destination.family else {
            throw invalid("\(path).gw", "\(text) is no address of the destination's family")
        }
        return ExtraRoute(destination: destination, gateway: gateway)
    }

    private static func invalid(_ path: String, _ problem: String) -> DriverFailure {
        DriverFailure(.invalid, reason: "InvalidConfiguration", "\(path) \(problem)")
    }
}
