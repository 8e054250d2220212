internal import PintleObjects

/// A configuration file that was read, and the lines of what stands in it.
public struct ConfigurationFile: Sendable {
    /// The file's path, for messages.
    public let path: String
    /// What it says.
    public let configuration: Configuration
    private let document: YAMLDocument?

    /// The built-in configuration.
    public init() {
        path = "(built-in configuration)"
        configuration = Configuration()
        document = nil
    }

    /// Reads a file's text.
    ///
    /// - Throws: ``ConfigurationError`` for the first thing that is wrong: file, line, what was found and what would
    ///   be right.
    public init(_ text: String, path: String) throws(ConfigurationError) {
        self.path = path
        let documents: [YAMLDocument]
        do { documents = try YAMLDocument.parse(text) } catch {
            throw ConfigurationError(file: path, line: error.line, error.message)
        }
        guard documents.count <= 1 else {
            throw ConfigurationError(
                file: path, line: documents[1].line(of: "") ?? 0, "expected one document, found \(documents.count)")
        }
        document = documents.first
        guard let document = documents.first else {
            throw ConfigurationError(
                file: path, line: 0,
                "the file is empty; expected apiVersion: pintle.dev/v1alpha1 and kind: Configuration")
        }
        var reader = ConfigurationReader(path: path, document: document)
        configuration = try reader.read()
    }

    /// An error at a field of the file.
    public func error(at field: String, _ message: String) -> ConfigurationError {
        ConfigurationError(file: path, line: document?.line(of: field) ?? 0, "\(field): \(message)")
    }
}

/// Walks the document; every complaint has its line.
struct ConfigurationReader {
    let path: String
    let document: YAMLDocument

    mutating func read() throws(ConfigurationError) -> Configuration {
        let root = document.value
        try known(root, "", ["apiVersion", "kind", "node", "drivers"])
        try expect(root["apiVersion"], "apiVersion", "pintle.dev/v1alpha1")
        try expect(root["kind"], "kind", "Configuration")
        var configuration = Configuration()
        if !root["node"].isNull { configuration.node = try node(root["node"]) }
        if !root["drivers"].isNull {
            guard let list = root["drivers"].array, !list.isEmpty else {
                throw wrong("drivers", "expected a list of at least one driver, found \(show(root["drivers"]))")
            }
            configuration.drivers = []
            for index in list.indices { configuration.drivers.append(try driver(list[index], "drivers[\(index)]")) }
        }
        return configuration
    }

    private func node(_ json: JSON) throws(ConfigurationError) -> Configuration.Node {
        let own = [
            "maxPods", "podRange", "podRangeSize", "containerLogMaxSize", "containerLogMaxFiles",
            "allowedUnsafeSysctls", "podPidsLimit", "userNamespaceBase", "port", "address",
        ]
        try known(json, "node", own + NodePolicyReader.keys)
        var node = Configuration.Node()
        node.maxPods = try number(json["maxPods"], "node.maxPods", 1...10_000) ?? node.maxPods
        node.podRangeSize = try number(json["podRangeSize"], "node.podRangeSize", 9...30) ?? node.podRangeSize
        node.containerLogMaxFiles =
            try number(json["containerLogMaxFiles"], "node.containerLogMaxFiles", 2...1000) ?? node.containerLogMaxFiles
        // -1 is another word for none.
        node.port = try number(json["port"], "node.port", -1...65535).map { max(0, $0) }
        if let address = try text(json["address"], "node.address") { node.address = address }
        if let range = try text(json["podRange"], "node.podRange") { node.podRange = range }
        if let size = json["containerLogMaxSize"].string ?? json["containerLogMaxSize"].int.map({ "\($0)" }) {
            guard let bytes = Quantity(size)?.value, bytes >= 4096 else {
                throw wrong(
                    "node.containerLogMaxSize", "expected a quantity of at least 4Ki such as 10Mi, found \(size)")
            }
            node.containerLogMaxSize = bytes
        }
        node.policy = try NodePolicyReader(fields: self, node: json).read()
        node.allowedUnsafeSysctls = try sysctls(json["allowedUnsafeSysctls"], "node.allowedUnsafeSysctls")
        node.podPidsLimit = try number(json["podPidsLimit"], "node.podPidsLimit", -1...4_194_304) ?? node.podPidsLimit
        node.userNamespaceBase =
            try number(json["userNamespaceBase"], "node.userNamespaceBase", 65_536...4_294_836_224)
            ?? node.userNamespaceBase
        guard node.userNamespaceBase % 65_536 == 0 else {
            throw wrong(
                "node.userNamespaceBase", "expected a multiple of 65536, found \(show(json["userNamespaceBase"]))")
        }
        return node
    }

    /// Names, or patterns that end with `*`, of kernel parameters that the kernel keeps apart for each pod.
    private func sysctls(_ json: JSON, _ at: String) throws(ConfigurationError) -> [String] {
        if json.isNull { return [] }
        guard let list = json.array else { throw wrong(at, "expected a list, found \(show(json))") }
        var names: [String] = []
        for (index, entry) in list.enumerated() {
            let name = try text(entry, "\(at)[\(index)]") ?? ""
            let known = ["kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue.", "net."]
            guard known.contains(where: name.replacingSlashes.hasPrefix) else {
                throw wrong(
                    "\(at)[\(index)]",
                    "expected a parameter of a pod's namespaces, such as net.core.somaxconn or kernel.msg*, found \(name)"
                )
            }
            names.append(name)
        }
        return names
    }

    private func driver(_ json: JSON, _ at: String) throws(ConfigurationError) -> Configuration.Driver {
        try known(json, at, ["plugin", "interface", "folder", "isolation", "timeout", "maxStuckCalls", "options"])
        guard let plugin = try text(json["plugin"], "\(at).plugin") else {
            throw wrong(at, "expected a plugin id, such as plugin: dev.pintle.bridge")
        }
        guard let interface = try text(json["interface"], "\(at).interface") else {
            throw wrong(at, "expected an interface, such as interface: pintle.network/1")
        }
        var isolation: Isolation?
        if let name = try text(json["isolation"], "\(at).isolation") {
            guard let mode = Isolation(rawValue: name) else {
                throw wrong("\(at).isolation", "expected in_process or process, found \(name)")
            }
            isolation = mode
        }
        var timeout = Duration.seconds(120)
        if let value = try text(json["timeout"], "\(at).timeout") {
            guard let parsed = Self.duration(value) else {
                throw wrong("\(at).timeout", "expected a duration such as 30s, 500ms or 2m, found \(value)")
            }
            timeout = parsed
        }
        guard json["options"].isNull || json["options"].object != nil else {
            throw wrong("\(at).options", "expected a mapping, found \(show(json["options"]))")
        }
        return Configuration.Driver(
            plugin: plugin, interface: interface, folder: try text(json["folder"], "\(at).folder"),
            isolation: isolation,
            timeout: timeout,
            maxStuckCalls: Int(try number(json["maxStuckCalls"], "\(at).maxStuckCalls", 1...1024) ?? 16),
            options: json["options"].isNull ? .object(JSONObject()) : json["options"], path: at)
    }

    func known(_ json: JSON, _ at: String, _ keys: [String]) throws(ConfigurationError) {
        guard let object = json.object else { throw wrong(at, "expected a mapping, found \(show(json))") }
        for key in object.keys where !keys.contains(key) {
            throw wrong(
                at.isEmpty ? key : "\(at).\(key)", "unknown key; expected one of \(keys.joined(separator: ", "))")
        }
    }

    private func expect(_ json: JSON, _ at: String, _ value: String) throws(ConfigurationError) {
        guard json.string == value else {
            throw wrong(at, "expected \(value), found \(json.isNull ? "nothing" : show(json))")
        }
    }

    func text(_ json: JSON, _ at: String) throws(ConfigurationError) -> String? {
        if json.isNull { return nil }
        guard let text = json.string, !text.isEmpty else { throw wrong(at, "expected a text, found \(show(json))") }
        return text
    }

    func number(_ json: JSON, _ at: String, _ range: ClosedRange<Int64>) throws(ConfigurationError) -> Int64? {
        if json.isNull { return nil }
        guard let number = json.int, range.contains(number) else {
            throw wrong(
                at, "expected a whole number from \(range.lowerBound) to \(range.upperBound), found \(show(json))")
        }
        return number
    }

    private static func duration(_ text: String) -> Duration? {
        for (suffix, unit) in [
            ("ms", Duration.milliseconds(1)), ("s", .seconds(1)), ("m", .seconds(60)), ("h", .seconds(3600)),
        ]
        where text.hasSuffix(suffix) {
            guard let count = Int(text.dropLast(suffix.count)), count > 0, count < 1_000_000 else { return nil }
            return unit * count
        }
        return nil
    }

    func wrong(_ at: String, _ message: String) -> ConfigurationError {
        ConfigurationError(file: path, line: document.line(of: at) ?? 0, at.isEmpty ? message : "\(at): \(message)")
    }

    func show(_ json: JSON) -> String { String(decoding: json.serialized(), as: UTF8.self) }
}

extension String {
    /// With dots between its parts.
    fileprivate var replacingSlashes: String { String(map { $0 == "/" ? "." : $0 }) }
}
