import PintleObjects
import Synchronization

/// The login state of one endpoint, shared by the threads that download from it.
final class RegistryLogin: Sendable {
    /// The value of the `Authorization` header to send, if any is needed as far as known.
    private let header = Mutex<String?>(nil)
    let auth: RegistryAuth

    init(_ auth: RegistryAuth) {
        self.auth = auth
        if !auth.registryToken.isEmpty { header.withLock { $0 = "Bearer " + auth.registryToken } }
    }

    var current: String? { header.withLock { $0 } }

    func replace(with new: String) { header.withLock { $0 = new } }
}

/// Speaks the registry protocol (version 2) with one endpoint.
///
/// For one thread at a time.
struct RegistryClient {
    let endpoint: RegistryEndpoint
    let configuration: ImageStoreConfiguration
    let login: RegistryLogin
    let task: ImageTask
    private let transfer: RegistryTransfer

    /// Longest chain of redirects that is followed.
    private static let mostRedirects = 5

    init(
        _ endpoint: RegistryEndpoint, _ configuration: ImageStoreConfiguration, _ login: RegistryLogin,
        _ task: ImageTask
    ) throws(ImageError) {
        self.endpoint = endpoint
        self.configuration = configuration
        self.login = login
        self.task = task
        transfer = try RegistryTransfer(task)
    }

    /// Gets an address of the endpoint, logging in when asked to and following redirects without credentials.
    ///
    /// *Blocks.*
    ///
    /// - Returns: the answer's head; its status is 2xx.
    /// - Throws: `ErrImagePull`, `RegistryUnavailable`, `Cancelled`, `DeadlineExceeded`, what the receiver throws.
    func get(
        _ address: RegistryAddress, isHeadOnly: Bool = false, headers: [String] = [],
        into receiver: any RegistryReceiver
    ) throws(ImageError) -> RegistryHead {
        var hasLoggedIn = false
        while true {
            let sent = login.current
            let answer = RegistryAnswer(receiver)
            let head = try follow(address, isHeadOnly, headers, sent, answer)
            if (200...299).contains(head.status) { return head }
            if head.status == 401, !hasLoggedIn, let challenge = RegistryChallenge(head) {
                hasLoggedIn = true
                // Another thread may have renewed the token meanwhile.
                if login.current == sent { try renew(challenge) }
                continue
            }
            throw RegistryAnswer.error(head, answer.text, address)
        }
    }

    private func follow(
        _ start: RegistryAddress, _ isHeadOnly: Bool, _ headers: [String], _ authorization: String?,
        _ answer: RegistryAnswer
    ) throws(ImageError) -> RegistryHead {
        var address = start
        for _ in 0...Self.mostRedirects {
            var request = RegistryTransfer.Request(address: address, isHeadOnly: isHeadOnly, headers: headers)
            request.headers.append("User-Agent: pintle")
            request.caFile = configuration.caFile(for: address)
            if let authorization, address.isSameOrigin(as: start) {
                request.headers.append("Authorization: " + authorization)
            }
            let head = try transfer.perform(request, into: answer)
            guard [301, 302, 303, 307, 308].contains(head.status) else { return head }
            guard let next = head["location"].flatMap(address.resolving) else {
                throw ImageError(.internal, .errImagePull, "\(address.authority) redirects to nowhere")
            }
            guard next.isSecure || !address.isSecure else {
                throw ImageError(.permission, .errImagePull, "\(address.authority) redirects to \(next), without TLS")
            }
            address = next
        }
        throw ImageError(.internal, .errImagePull, "\(start.authority) redirects without end")
    }
}

// MARK: - Logging in

extension RegistryClient {
    private func renew(_ challenge: RegistryChallenge) throws(ImageError) {
        switch challenge {
        case .basic:
            guard let basic = login.auth.basicHeader else { throw denied("no user name and password are known for it") }
            login.replace(with: basic)
        case .bearer(let realm, let service, let scope):
            guard let address = RegistryAddress(url: realm), address.isSecure || !endpoint.address.isSecure else {
                throw denied("its token service \"\(realm)\" is not a safe address")
            }
            login.replace(with: "Bearer " + (try token(address, service, scope)))
        }
    }

    private func token(
        _ address: RegistryAddress, _ service: String, _ scope: String
    ) throws(ImageError) -> String {
        let pull = scope.isEmpty ? "repository:\(endpoint.repository):pull" : scope
        var query = [("service", service), ("scope", pull)].filter { !$0.1.isEmpty }
        var request = RegistryTransfer.Request(address: address, headers: ["User-Agent: pintle"])
        if !login.auth.identityToken.isEmpty {
            query += [
                ("grant_type", "refresh_token"), ("refresh_token", login.auth.identityToken), ("client_id", "pintle"),
            ]
        } else if let basic = login.auth.basicHeader {
            request.headers.append("Authorization: " + basic)
        }
        let text = query.map { "\($0.0)=\(RegistryAddress.escaped($0.1))" }.joined(separator: "&")
        if login.auth.identityToken.isEmpty {
            request.address.path += (address.path.contains("?") ? "&" : "?") + text
        } else {
            request.form = text
        }
        request.caFile = configuration.caFile(for: address)
        let document = RegistryDocument(limit: 1 << 20)
        let answer = RegistryAnswer(document)
        let head = try transfer.perform(request, into: answer)
        guard head.status == 200 else { throw RegistryAnswer.error(head, answer.text, address) }
        let json = (try? JSON(parsing: document.bytes)) ?? .null
        guard let token = json["token"].string ?? json["access_token"].string, !token.isEmpty,
            token.utf8.allSatisfy({ $0 > 32 && $0 < 127 })
        else { throw denied("its token service \(address.authority) gave no token") }
        return token
    }

    private func denied(_ why: String) -> ImageError {
        ImageError(
            .permission, .errImagePull, "pull access denied, \(endpoint.address.authority) asks for a login: \(why)")
    }
}

extension RegistryAuth {
    /// The value of a header for basic authentication; nil without a user name.
    var basicHeader: String? {
        username.isEmpty ? nil : "Basic " + Self.base64(Array("\(username):\(password)".utf8))
    }

    static func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var result: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var value = group.reduce(0) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
            var digits: [UInt8] = []
            for _ in 0..<4 {
                digits.insert(alphabet[Int(value & 63)], at: 0)
                value >>= 6
            }
            for index in 0..<(3 - group.count) { digits[3 - index] = UInt8(ascii: "=") }
            result += digits
        }
        return String(decoding: result, as: UTF8.self)
    }
}
