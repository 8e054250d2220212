import PintleObjects

/// Where a list that was cut off goes on: the revision it is of, and the last object it held.
struct ContinueToken: Sendable, Equatable {
    let revision: Int64
    let namespace: String
    let name: String

    init(revision: Int64, namespace: String, name: String) {
        self.revision = revision
        self.namespace = namespace
        self.name = name
    }

    /// - Throws: 400 for a token that this server did not make.
    init(_ text: String) throws(StatusError) {
        guard let bytes = Self.decode(text), let value = try? JSON(parsing: bytes),
            value["v"].string == "meta.k8s.io/v1",
            let revision = value["rv"].int, let namespace = value["ns"].string, let name = value["name"].string
        else { throw .badRequest("continue key is not valid: \(text.prefix(64))") }
        self.init(revision: revision, namespace: namespace, name: name)
    }

    var text: String {
        let value: JSON = [
            "v": "meta.k8s.io/v1", "rv": .integer(revision), "ns": .string(namespace), "name": .string(name),
        ]
        return value.serialized().map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0\(digits)" : digits
        }.joined()
    }

    private static func decode(_ text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count % 2 == 0, digits.count <= 4096 else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let byte = UInt8(String(decoding: digits[index...(index + 1)], as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(byte)
        }
        return bytes
    }
}
