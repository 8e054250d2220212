import PintleObjects

/// Passes the body of a good answer on and keeps the beginning of a bad one for the error message.
final class RegistryAnswer: RegistryReceiver {
    private let receiver: any RegistryReceiver
    private var isGood = false
    private var kept: [UInt8] = []

    init(_ receiver: any RegistryReceiver) { self.receiver = receiver }

    /// What a bad answer said.
    var text: String { Self.message(kept) }

    func receive(head: RegistryHead) throws(ImageError) {
        isGood = (200...299).contains(head.status)
        kept = []
        if isGood { try receiver.receive(head: head) }
    }

    func receive(body: UnsafeRawBufferPointer) throws(ImageError) {
        if isGood { return try receiver.receive(body: body) }
        kept.append(contentsOf: body.prefix((64 << 10) - kept.count))
    }

    /// The messages of the registry protocol's error document, else the first line.
    private static func message(_ bytes: [UInt8]) -> String {
        let json = (try? JSON(parsing: bytes)) ?? .null
        let errors = (json["errors"].array ?? []).map { error in
            [error["code"].string, error["message"].string].compactMap { $0 }.joined(separator: ": ")
        }
        if !errors.isEmpty { return errors.joined(separator: "; ") }
        return String(String(decoding: bytes, as: UTF8.self).prefix { !$0.isNewline }.prefix(200))
    }

    /// The error for an answer that is no success.
    static func error(_ head: RegistryHead, _ text: String, _ address: RegistryAddress) -> ImageError {
        let detail = text.isEmpty ? "" : " (\(text))"
        let what = "\(address.authority) answered \(head.status)\(detail) for \(address.path.prefix { $0 != "?" })"
        switch head.status {
        case 401, 403: return ImageError(.permission, .errImagePull, "pull access denied: \(what)")
        case 404: return ImageError(.notFound, .errImagePull, "not found: \(what)")
        case 408, 429, 500...599:
            let seconds = min(Int64(head["retry-after"] ?? "") ?? 0, 86_400)
            var error = ImageError(
                .unavailable, .registryUnavailable, what, retryAfter: max(0, seconds) * 1_000_000_000)
            error.isTransient = true
            return error
        default: return ImageError(.internal, .errImagePull, what)
        }
    }
}
