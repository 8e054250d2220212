internal import Dispatch
internal import Glibc
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// Looks names up away from the event loops, one lookup of a name at a time.
///
/// NIO's own resolver has one queue for each event loop: there a name server that does not answer would hold up all other
/// checks that go by names, and each further check of the same name would make the queue longer.
final class NameLookups: Sendable {
    typealias Answer = @Sendable ([String]) -> Void

    struct Key: Sendable, Hashable {
        let name: String
        let family: Int32
    }

    static let shared = NameLookups { NameLookups.addresses($0) }

    private let waiting = Mutex<[Key: [Answer]]>([:])
    private let queue = DispatchQueue(label: "probe.names", attributes: .concurrent)
    private let look: @Sendable (Key) -> [String]

    init(_ look: @escaping @Sendable (Key) -> [String]) { self.look = look }

    /// Finds the addresses of a name; none when it has none of the family.
    func find(_ key: Key, _ answer: @escaping Answer) {
        let isFirst = waiting.withLock { waiting in
            waiting[key, default: []].append(answer)
            return waiting[key]?.count == 1
        }
        guard isFirst else { return }
        queue.async {
            let found = self.look(key)
            for answer in self.waiting.withLock({ $0.removeValue(forKey: key) ?? [] }) { answer(found) }
        }
    }

    /// Blocks.
    private static func addresses(_ key: Key) -> [String] {
        var hints = addrinfo()
        hints.ai_family = key.family
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(key.name, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var found: [String] = []
        var next = list
        while let entry = next?.pointee {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            if getnameinfo(entry.ai_addr, entry.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 {
                let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
                found.append(String(decoding: bytes, as: UTF8.self))
            }
            next = entry.ai_next
        }
        return found
    }
}

/// ``NameLookups`` for one of NIO's connections.
struct ProbeResolver: Resolver, Sendable {
    let loop: any EventLoop

    func initiateAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> { find(host, port, AF_INET) }
    func initiateAAAAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> { find(host, port, AF_INET6) }
    func cancelQueries() {}

    private func find(_ host: String, _ port: Int, _ family: Int32) -> EventLoopFuture<[SocketAddress]> {
        let promise = loop.makePromise(of: [SocketAddress].self)
        NameLookups.shared.find(.init(name: host, family: family)) { found in
            promise.succeed(found.compactMap { try? SocketAddress(ipAddress: $0, port: port) })
        }
        return promise.futureResult
    }
}
