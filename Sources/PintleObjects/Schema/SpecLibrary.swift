import CPintleSpecs

/// All files of specs/api, opened when first asked for one; types are read one at a time.
final class SpecLibrary: Sendable {
    static let shared = SpecLibrary()

    let files: [SpecFile]
    private let byName: [String: SpecFile]

    private init() {
        var files: [SpecFile] = []
        while let spec = pintle_spec_at(files.count) {
            let bytes = UnsafeBufferPointer(start: spec.pointee.bytes, count: spec.pointee.length)
            files.append(SpecFile(name: String(cString: spec.pointee.name), bytes: bytes))
        }
        self.files = files
        byName = Dictionary(files.map { ($0.name, $0) }) { first, _ in first }
    }

    /// The file `core.v1` and so on.
    func file(named name: String) -> SpecFile? { byName[name] }

    /// The file of a group's version; `""` is the core group.
    func file(group: String, version: String) -> SpecFile? {
        files.first { $0.group == group && $0.version == version }
    }
}
