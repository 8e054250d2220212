internal import PintleClient
internal import PintleObjects

/// What is in a volume that the node writes itself: configMap, secret, downwardAPI, projected.
///
/// No I/O: what it is made of is looked up by ``object``.
struct VolumeContents {
    let pod: JSON
    /// The node's `status.allocatable`.
    var allocatable: JSON = .null
    /// The object that a reference means; nil when there is none.
    let object: (Reference) -> JSON?

    /// Whether the node writes the volume's files.
    static func has(_ volume: JSON) -> Bool {
        ["configMap", "secret", "downwardAPI", "projected"].contains { volume[$0].object != nil }
    }

    /// Whether what the pod says of itself is in the volume.
    static func tellsOfPod(_ volume: JSON) -> Bool {
        volume["downwardAPI"].object != nil
            || (volume["projected"]["sources"].array ?? []).contains { $0["downwardAPI"].object != nil }
    }

    /// The files.
    ///
    /// - Throws: ``VolumeFault`` that says what is missing.
    func files(_ volume: JSON) throws(VolumeFault) -> [ProjectedFile] {
        if volume["configMap"].object != nil {
            let source = volume["configMap"]
            return try configMap(source, Self.mode(source["defaultMode"]))
        }
        if volume["secret"].object != nil {
            let source = volume["secret"]
            return try secret(source, source["secretName"].string ?? "", Self.mode(source["defaultMode"]))
        }
        if volume["downwardAPI"].object != nil {
            let source = volume["downwardAPI"]
            return try downward(source, Self.mode(source["defaultMode"]))
        }
        return try projected(volume["projected"])
    }

    // MARK: Sources

    private func projected(_ volume: JSON) throws(VolumeFault) -> [ProjectedFile] {
        let mode = Self.mode(volume["defaultMode"])
        var files: [ProjectedFile] = []
        var faults: [String] = []
        for source in volume["sources"].array ?? [] {
            do throws(VolumeFault) { files += try self.source(source, mode) } catch { faults.append(error.message) }
        }
        guard faults.isEmpty else { throw Self.together(faults) }
        return files
    }

    private func source(_ source: JSON, _ mode: UInt32) throws(VolumeFault) -> [ProjectedFile] {
        if source["configMap"].object != nil { return try configMap(source["configMap"], mode) }
        if source["secret"].object != nil {
            return try secret(source["secret"], source["secret"]["name"].string ?? "", mode)
        }
        if source["downwardAPI"].object != nil { return try downward(source["downwardAPI"], mode) }
        if source["serviceAccountToken"].object != nil { return [token(source["serviceAccountToken"], mode)] }
        let kind = source.object?.keys.first ?? "none"
        throw VolumeFault("the projected volume source \(kind) is not supported by this version")
    }

    private func configMap(_ source: JSON, _ mode: UInt32) throws(VolumeFault) -> [ProjectedFile] {
        let reference = Reference.configMap(namespace: namespace, name: source["name"].string ?? "")
        let isOptional = source["optional"].bool == true
        guard let map = object(reference) else {
            if isOptional { return [] }
            throw VolumeFault(reference.missing)
        }
        var data: [String: [UInt8]] = [:]
        for (key, value) in map["data"].object?.members ?? [] { data[key] = Array((value.string ?? "").utf8) }
        for (key, value) in map["binaryData"].object?.members ?? [] {
            data[key] = try Self.decode(value, key, reference)
        }
        return try select(data, source["items"], mode, isOptional) {
            "configmap references non-existent config key: \($0)"
        }
    }

    private func secret(_ source: JSON, _ name: String, _ mode: UInt32) throws(VolumeFault) -> [ProjectedFile] {
        let reference = Reference.secret(namespace: namespace, name: name)
        let isOptional = source["optional"].bool == true
        guard let secret = object(reference) else {
            if isOptional { return [] }
            throw VolumeFault(reference.missing)
        }
        var data: [String: [UInt8]] = [:]
        for (key, value) in secret["data"].object?.members ?? [] {
            data[key] = try Self.decode(value, key, reference)
        }
        return try select(data, source["items"], mode, isOptional) {
            "references non-existent secret key: \($0)"
        }
    }

    private func downward(_ source: JSON, _ mode: UInt32) throws(VolumeFault) -> [ProjectedFile] {
        var files: [ProjectedFile] = []
        var faults: [String] = []
        for item in source["items"].array ?? [] {
            do throws(VolumeFault) {
                files.append(
                    ProjectedFile(
                        path: item["path"].string ?? "", bytes: Array(try downwardText(item).utf8),
                        mode: Self.mode(item["mode"], mode)))
            } catch { faults.append(error.message) }
        }
        guard faults.isEmpty else { throw Self.together(faults) }
        return files
    }

    private func downwardText(_ item: JSON) throws(VolumeFault) -> String {
        if item["fieldRef"].object != nil {
            let path = item["fieldRef"]["fieldPath"].string ?? ""
            guard let text = PodField(pod: pod).text(path) else {
                throw VolumeFault("unsupported fieldPath: \(path)")
            }
            return text
        }
        let field = ResourceField(pod: pod, allocatable: allocatable)
        let reference = item["resourceFieldRef"]
        guard let container = field.container(reference, own: nil) else {
            throw VolumeFault("container \(reference["containerName"].string ?? "") not found")
        }
        guard let text = field.text(reference, container) else {
            throw VolumeFault("unsupported container resource : \(reference["resource"].string ?? "")")
        }
        return text
    }

    /// The API issues no tokens yet: the file is there, and empty.
    private func token(_ source: JSON, _ mode: UInt32) -> ProjectedFile {
        let user = Self.commonUser(pod)
        let isOwned = user != nil || pod["spec"]["securityContext"]["fsGroup"].int != nil
        return ProjectedFile(path: source["path"].string ?? "", bytes: [], mode: isOwned ? 0o600 : mode, user: user)
    }

    // MARK: Parts

    private var namespace: String { pod["metadata"]["namespace"].string ?? "default" }

    /// All keys, or those that `items` names.
    private func select(
        _ data: [String: [UInt8]], _ items: JSON, _ mode: UInt32, _ isOptional: Bool, missing: (String) -> String
    ) throws(VolumeFault) -> [ProjectedFile] {
        guard let items = items.array, !items.isEmpty else {
            return data.map { ProjectedFile(path: $0.key, bytes: $0.value, mode: mode) }
        }
        var files: [ProjectedFile] = []
        for item in items {
            let key = item["key"].string ?? ""
            guard let bytes = data[key] else {
                if isOptional { continue }
                throw VolumeFault(missing(key))
            }
            files.append(
                ProjectedFile(path: item["path"].string ?? "", bytes: bytes, mode: Self.mode(item["mode"], mode)))
        }
        return files
    }

    /// The user that all containers run as; nil when they differ or the image decides.
    static func commonUser(_ pod: JSON) -> UInt32? {
        let shared = pod["spec"]["securityContext"]["runAsUser"].int
        let users = Set(PodReferences.containers(pod).map { $0["securityContext"]["runAsUser"].int ?? shared })
        guard users.count == 1, let user = users.first ?? nil else { return nil }
        return UInt32(exactly: user)
    }

    private static func mode(_ json: JSON, _ otherwise: UInt32 = 0o644) -> UInt32 {
        json.int.map { UInt32(truncatingIfNeeded: $0) & 0o777 } ?? otherwise
    }

    private static func decode(_ value: JSON, _ key: String, _ reference: Reference) throws(VolumeFault) -> [UInt8] {
        do { return try Base64.decode(value.string ?? "") } catch {
            throw VolumeFault("key \(key) of \(reference.resource.plural): \(error)")
        }
    }

    /// As Kubernetes joins errors.
    private static func together(_ faults: [String]) -> VolumeFault {
        VolumeFault(faults.count == 1 ? faults[0] : "[\(faults.joined(separator: ", "))]")
    }
}
