import Glibc

/// Whether a string has the form that `format` names; forms that are not known fit everything, as in Kubernetes.
func fits(_ text: String, format: String) -> Bool {
    switch format {
    case "date-time": Timestamp(rfc3339: text) != nil
    case "date": Timestamp(rfc3339: text + "T00:00:00Z") != nil
    case "byte": (try? Base64.decode(text)) != nil
    case "ipv4": isAddress(text, AF_INET)
    case "ipv6": isAddress(text, AF_INET6)
    case "ip": isAddress(text, AF_INET) || isAddress(text, AF_INET6)
    case "cidr": isRange(text)
    case "mac": isHardwareAddress(text)
    case "hostname", "dns1123subdomain": NameRules.dns1123Subdomain(text.lowercased()).isEmpty
    case "dns1123label": NameRules.dns1123Label(text).isEmpty
    case "uuid": isUUID(text)
    case "quantity": Quantity(text) != nil
    case "duration": isDuration(text)
    default: true
    }
}

private func isAddress(_ text: String, _ family: Int32) -> Bool {
    var address = in6_addr()
    return inet_pton(family, text, &address) == 1
}

private func isRange(_ text: String) -> Bool {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let bits = Int(parts[1]), parts[1].allSatisfy(\.isNumber), bits >= 0 else { return false }
    let address = String(parts[0])
    return (isAddress(address, AF_INET) && bits <= 32) || (isAddress(address, AF_INET6) && bits <= 128)
}

private func isHardwareAddress(_ text: String) -> Bool {
    let parts = text.split(separator: text.contains("-") ? "-" : ":", omittingEmptySubsequences: false)
    return [6, 8, 20].contains(parts.count)
        && parts.allSatisfy { $0.utf8.count == 2 && $0.allSatisfy(\.isHexDigit) }
}

private func isUUID(_ text: String) -> Bool {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    return parts.map(\.count) == [8, 4, 4, 4, 12] && parts.allSatisfy { $0.allSatisfy(\.isHexDigit) }
}

/// `1h30m`, `250ms`: numbers with units, as Go reads a duration.
private func isDuration(_ text: String) -> Bool {
    var rest = text[...]
    if rest.hasPrefix("-") || rest.hasPrefix("+") { rest.removeFirst() }
    if rest == "0" { return true }
    guard rest.isEmpty == false else { return false }
    while rest.isEmpty == false {
        let number = rest.prefix { $0.isNumber || $0 == "." }
        guard Double(number) != nil else { return false }
        rest = rest.dropFirst(number.count)
        guard
            let unit = ["ns", "us", "µs", "ms", "s", "m", "h"].filter({ rest.hasPrefix($0) }).max(by: {
                $0.count < $1.count
            })
        else { return false }
        rest = rest.dropFirst(unit.count)
    }
    return true
}
