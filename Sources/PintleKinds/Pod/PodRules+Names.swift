import PintleObjects

extension PodRules {
    mutating func checkDNS(_ path: FieldPath) {
        let config = spec["dnsConfig"]
        let servers = config["nameservers"].items
        if spec["dnsPolicy"].text == "None" {
            if config.isNull { return errors.required(path, "must provide `dnsConfig` when `dnsPolicy` is None") }
            if servers.isEmpty {
                return errors.required(
                    path.child("nameservers"), "must provide at least one DNS nameserver when `dnsPolicy` is None")
            }
        }
        if servers.count > 3 {
            errors.invalid(path.child("nameservers"), .array(servers), "must not have more than 3 nameservers")
        }
        for (index, server) in servers.enumerated() { errors.address(path.child("nameservers")[index], server.text) }
        checkSearches(config["searches"].items, path.child("searches"))
        for (index, option) in config["options"].items.enumerated() where option["name"].text.isEmpty {
            errors.required(path.child("options")[index], "must not be empty")
        }
    }

    private mutating func checkSearches(_ searches: [JSON], _ path: FieldPath) {
        if searches.count > 32 {
            errors.invalid(path, .array(searches), "must not have more than 32 search paths")
        }
        let length = searches.reduce(searches.count - 1) { $0 + $1.text.utf8.count }
        if length > 2048 {
            errors.invalid(
                path, .array(searches),
                "must not have more than 2048 characters (including spaces) in the search list")
        }
        for (index, search) in searches.enumerated() where search.text != "." {
            let name = search.text.hasSuffix(".") ? String(search.text.dropLast()) : search.text
            errors.invalid(path[index], name, each: NameRules.subdomainWithUnderscore(name))
        }
    }

    mutating func checkHostAliases(_ path: FieldPath) {
        for (index, alias) in spec["hostAliases"].items.enumerated() {
            errors.address(path[index].child("ip"), alias["ip"].text)
            for (number, name) in alias["hostnames"].items.enumerated() {
                errors.invalid(
                    path[index].child("hostnames")[number], name.text, each: NameRules.dns1123Subdomain(name.text))
            }
        }
    }

    mutating func checkImagePullSecrets(_ path: FieldPath) {
        for (index, secret) in spec["imagePullSecrets"].items.enumerated()
        where secret.entries.contains(where: { $0.key != "name" }) {
            errors.invalid(path[index], secret, "only name may be set")
        }
    }
}
