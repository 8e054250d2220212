internal import PintleObjects

/// The variables that tell a container where Services are: `FOO_SERVICE_HOST`, and those of Docker's links.
enum ServiceVariables {
    /// In the order of the services and their ports; headless ones have none.
    static func make(_ services: [JSON]) -> [(name: String, value: String)] {
        services.flatMap { service -> [(name: String, value: String)] in
            let spec = service["spec"]
            let address = spec["clusterIP"].string ?? ""
            guard !address.isEmpty, address != "None", let ports = spec["ports"].array, let first = ports.first else {
                return []
            }
            let prefix = upper(service["metadata"]["name"].string ?? "")
            var found = [
                ("\(prefix)_SERVICE_HOST", address), ("\(prefix)_SERVICE_PORT", number(first)),
            ]
            for port in ports {
                if let name = port["name"].string, !name.isEmpty {
                    found.append(("\(prefix)_SERVICE_PORT_\(upper(name))", number(port)))
                }
            }
            found.append(("\(prefix)_PORT", url(first, address)))
            for port in ports {
                let link = "\(prefix)_PORT_\(number(port))_\(transport(port).uppercased())"
                found.append((link, url(port, address)))
                found.append(("\(link)_PROTO", transport(port)))
                found.append(("\(link)_PORT", number(port)))
                found.append(("\(link)_ADDR", address))
            }
            return found
        }
    }

    private static func upper(_ name: String) -> String {
        String(name.uppercased().map { $0 == "-" ? "_" : $0 })
    }

    private static func number(_ port: JSON) -> String { "\(port["port"].int ?? 0)" }

    private static func transport(_ port: JSON) -> String { (port["protocol"].string ?? "TCP").lowercased() }

    private static func url(_ port: JSON, _ address: String) -> String {
        "\(transport(port))://\(address.contains(":") ? "[\(address)]" : address):\(number(port))"
    }
}
