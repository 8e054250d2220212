internal import Glibc
internal import PintleObjects

/// The files that the node writes for a pod: /etc/hosts, /etc/resolv.conf, /etc/hostname.
struct PodFiles: Sendable {
    let directory: String
    let pod: JSON
    let identity: PodIdentity

    /// Writes them, replacing what is there in place, since containers may have them mounted.
    ///
    /// - Throws: ``PodFault`` with reason `FailedCreatePodSandBox`. Blocks briefly.
    func write(podIPs: [String]) throws(PodFault) {
        mkdir(directory, 0o750)
        let etc = "\(directory)/etc"
        mkdir(etc, 0o755)
        let hostname = SandboxRequest.hostname(pod, identity)
        let hostNetwork = pod["spec"]["hostNetwork"].bool == true
        try replace("\(etc)/hostname", hostNetwork ? Self.read("/proc/sys/kernel/hostname") : hostname + "\n")
        try replace("\(etc)/resolv.conf", resolv())
        if !hostNetwork { try replace("\(etc)/hosts", hosts(podIPs, hostname)) }
    }

    /// Deletes them and the pod's directory, which must hold no volume any more.
    func remove() {
        for file in ["hosts", "resolv.conf", "hostname"] { unlink("\(directory)/etc/\(file)") }
        rmdir("\(directory)/etc")
        for name in PodLogFolder.names(directory) where name.hasPrefix(TerminationMessage.prefix) {
            unlink("\(directory)/\(name)")
        }
        rmdir("\(directory)/volumes")
        unlink("\(directory)/userns")
        rmdir(directory)
    }

    private func hosts(_ podIPs: [String], _ hostname: String) -> String {
        var text = """
            # Kubernetes-managed hosts file.
            127.0.0.1\tlocalhost
            ::1\tlocalhost ip6-localhost ip6-loopback
            fe00::0\tip6-localnet
            fe00::0\tip6-mcastprefix
            fe00::1\tip6-allnodes
            fe00::2\tip6-allrouters

            """
        for ip in podIPs {
            if let subdomain = pod["spec"]["subdomain"].string, !subdomain.isEmpty {
                text += "\(ip)\t\(hostname).\(subdomain).\(identity.namespace).svc.cluster.local\t\(hostname)\n"
            } else {
                text += "\(ip)\t\(hostname)\n"
            }
        }
        let aliases = pod["spec"]["hostAliases"].array ?? []
        if !aliases.isEmpty { text += "\n# Entries added by HostAliases.\n" }
        for alias in aliases {
            let names = (alias["hostnames"].array ?? []).compactMap { $0.string }.joined(separator: "\t")
            text += "\(alias["ip"].string ?? "")\t\(names)\n"
        }
        return text
    }

    /// There is no cluster DNS yet, so ClusterFirst reads as Default, which is what the kubelet does without one.
    private func resolv() -> String {
        var servers: [String] = [], searches: [String] = [], options: [String] = []
        if pod["spec"]["dnsPolicy"].string != "None" {
            for line in Self.read("/etc/resolv.conf").split(separator: "\n") {
                let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
                switch words.first {
                case "nameserver": servers += words.dropFirst().prefix(1)
                case "search": searches = Array(words.dropFirst())
                case "options": options += words.dropFirst()
                default: break
                }
            }
        }
        let config = pod["spec"]["dnsConfig"]
        servers += (config["nameservers"].array ?? []).compactMap { $0.string }
        searches += (config["searches"].array ?? []).compactMap { $0.string }
        for option in config["options"].array ?? [] {
            guard let name = option["name"].string else { continue }
            options.removeAll { $0 == name || $0.hasPrefix("\(name):") }
            options.append(option["value"].string.map { "\(name):\($0)" } ?? name)
        }
        var seen: Set<String> = []
        var text = ""
        if !searches.isEmpty {
            text += "search \(searches.filter { seen.insert($0).inserted }.joined(separator: " "))\n"
        }
        for server in servers where seen.insert(server).inserted { text += "nameserver \(server)\n" }
        if !options.isEmpty { text += "options \(options.joined(separator: " "))\n" }
        return text
    }

    private func replace(_ path: String, _ text: String) throws(PodFault) {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard file >= 0 else {
            throw PodFault("FailedCreatePodSandBox", "\(path): \(String(cString: strerror(errno)))")
        }
        defer { close(file) }
        var bytes = Array(text.utf8)
        let count = Glibc.write(file, &bytes, bytes.count)
        guard count == bytes.count else {
            throw PodFault("FailedCreatePodSandBox", "\(path): \(String(cString: strerror(errno)))")
        }
    }

    static func read(_ path: String) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
