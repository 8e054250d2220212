import Glibc

/// A listening socket that accepts nothing and whose queue is full, so that the kernel answers no further connection.
struct FullServer {
    struct Failure: Error {}

    let port: Int
    private let sockets: [Int32]

    init() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        func with<R>(_ body: (UnsafeMutablePointer<sockaddr>) -> R) -> R {
            withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1, body)
            }
        }
        guard listener >= 0, with({ bind(listener, $0, size) }) == 0, listen(listener, 0) == 0,
            with({ getsockname(listener, $0, &size) }) == 0
        else { throw Failure() }
        port = Int(UInt16(bigEndian: address.sin_port))
        var all = [listener]
        for _ in 0..<8 {
            let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
            _ = with { connect(client, $0, size) }
            all.append(client)
        }
        sockets = all
    }

    func stop() {
        for socket in sockets { close(socket) }
    }
}
