package import PintleObjects

/// A port of the node that a pod takes for itself.
package struct HostPort: Sendable, Hashable {
    package let address: String
    package let transport: String
    package let port: Int64

    /// The ports of a pod's containers and sidecars.
    package static func all(of spec: JSON) -> [HostPort] {
        let sidecars = (spec["initContainers"].array ?? []).filter { $0["restartPolicy"].string == "Always" }
        return ((spec["containers"].array ?? []) + sidecars).flatMap { container in
            (container["ports"].array ?? []).compactMap { port in
                guard let number = port["hostPort"].int, number > 0 else { return nil }
                let address = port["hostIP"].string ?? ""
                return HostPort(
                    address: address.isEmpty ? "0.0.0.0" : address, transport: port["protocol"].string ?? "TCP",
                    port: number)
            }
        }
    }

    /// Whether both can't be had: the same port on the same address, or on all addresses.
    package func conflicts(with other: HostPort) -> Bool {
        guard port == other.port, transport == other.transport else { return false }
        return address == other.address || address == "0.0.0.0" || other.address == "0.0.0.0"
    }
}
