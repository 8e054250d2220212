import Synchronization

/// An object in the cache: immutable encoded bytes that every reader and watcher shares.
public final class CachedObject: Sendable {
    /// Where the object lies.
    public let key: ObjectKey
    /// The revision of its last change, which is also its `metadata.resourceVersion`.
    public let revision: Int64
    /// The JSON text with `metadata.resourceVersion`, ready to be sent.
    public let bytes: [UInt8]
    /// Where in ``bytes`` the resourceVersion with its comma lies.
    private let version: Range<Int>
    private let known: Mutex<ObjectAttributes?>

    init(key: ObjectKey, revision: Int64, body: EncodedObject) {
        self.key = key
        self.revision = revision
        (bytes, version) = body.spliced(revision: revision)
        known = Mutex(body.attributes)
    }

    private init(_ other: CachedObject, revision: Int64) {
        key = other.key
        self.revision = revision
        let hasComma = other.bytes[other.version].last == UInt8(ascii: ",")
        let member = Array("\"resourceVersion\":\"\(revision)\"\(hasComma ? "," : "")".utf8)
        bytes = Array(other.bytes[..<other.version.lowerBound]) + member + other.bytes[other.version.upperBound...]
        version = other.version.lowerBound..<(other.version.lowerBound + member.count)
        known = Mutex(other.known.withLock { $0 })
    }

    /// The same object under another revision: the last state of a removed one, under the revision of its removal.
    public func restamped(_ revision: Int64) -> CachedObject { CachedObject(self, revision: revision) }

    /// Whether `body` is what is stored now, so that writing it would change nothing.
    public func isEqual(to body: EncodedObject) -> Bool {
        guard body.bytes.count == bytes.count - version.count else { return false }
        return bytes[..<version.lowerBound].elementsEqual(body.bytes[..<version.lowerBound])
            && bytes[version.upperBound...].elementsEqual(body.bytes[version.lowerBound...])
    }

    /// What selectors look at; `read` is asked once, when the writer did not say.
    public func attributes(_ read: (CachedObject) -> ObjectAttributes) -> ObjectAttributes {
        if let attributes = known.withLock({ $0 }) { return attributes }
        let attributes = read(self)
        known.withLock { $0 = attributes }
        return attributes
    }
}
