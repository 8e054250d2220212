import Glibc
import PintleNetlink

@testable import NetworkBridgeCore

/// A socket that waits for clients inside a namespace.
final class Server {
    private let descriptor: Int32
    private let transport: Transport

    /// Listens on `port` of every address of `family` in `namespace`, or of `address`.
    init(
        in namespace: Int32, _ transport: Transport = .tcp, port: UInt16, family: IPAddress.Family = .ipv4,
        address: IPAddress? = nil
    ) throws {
        self.transport = transport
        let address = address ?? (family == .ipv4 ? ip("0.0.0.0") : ip("::"))
        descriptor = try Wire.socket(in: namespace, transport, address.family)
        let bound = Wire.withAddress(address, port) { bind(descriptor, $0, $1) }
        guard bound == 0, transport == .udp || listen(descriptor, 8) == 0 else {
            throw LabError("bind or listen on \(address):\(port): errno \(errno)")
        }
    }

    deinit { close(descriptor) }

    /// Answers one client that has spoken.
    ///
    /// Returns where it speaks from.
    fileprivate func answer() throws -> IPAddress {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        var byte: UInt8 = 0
        let got = withUnsafeMutablePointer(to: &storage) { storage in
            storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address -> Int in
                if transport == .udp { return recvfrom(descriptor, &byte, 1, 0, address, &length) }
                let client = accept(descriptor, address, &length)
                guard client >= 0 else { return -1 }
                defer { close(client) }
                guard recv(client, &byte, 1, 0) == 1 else { return -1 }
                return send(client, &byte, 1, Int32(MSG_NOSIGNAL))
            }
        }
        guard got == 1, let peer = Wire.address(storage) else {
            throw LabError("the server heard nothing: errno \(errno)")
        }
        if transport == .udp {
            let sent = withUnsafePointer(to: &storage) { storage in
                storage.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    sendto(descriptor, &byte, 1, 0, $0, length)
                }
            }
            guard sent == 1 else { throw LabError("the server could not answer: errno \(errno)") }
        }
        return peer
    }
}

/// A client's socket; it keeps its own port for as long as it lives.
final class Client {
    private let descriptor: Int32

    /// Connects to `address`:`port` from inside `namespace`.
    ///
    /// Waits a second at most.
    init(in namespace: Int32, _ transport: Transport = .tcp, to address: IPAddress, port: UInt16) throws {
        descriptor = try Wire.socket(in: namespace, transport, address.family)
        guard Wire.withAddress(address, port, { connect(descriptor, $0, $1) }) == 0 else {
            throw LabError("connect to \(address):\(port): errno \(errno)")
        }
    }

    deinit { close(descriptor) }

    /// Says a byte, has `server` answer it, and hears the answer.
    ///
    /// Returns whom the server saw.
    func converse(with server: Server) throws -> IPAddress {
        var byte: UInt8 = 42
        guard send(descriptor, &byte, 1, Int32(MSG_NOSIGNAL)) == 1 else {
            throw LabError("the client could not speak: errno \(errno)")
        }
        let peer = try server.answer()
        byte = 0
        guard recv(descriptor, &byte, 1, 0) == 1, byte == 42 else {
            throw LabError("the client heard no answer: errno \(errno)")
        }
        return peer
    }
}

enum Wire {
    /// Has a client in `namespace` converse with `server` by way of `address`:`port`.
    ///
    /// Returns whom the server saw.
    static func converse(
        from namespace: Int32, _ transport: Transport = .tcp, to address: IPAddress, port: UInt16, with server: Server
    ) throws -> IPAddress {
        try Client(in: namespace, transport, to: address, port: port).converse(with: server)
    }

    /// A socket of `namespace` that waits a second at most.
    static func socket(in namespace: Int32, _ transport: Transport, _ family: IPAddress.Family) throws -> Int32 {
        let type = transport == .udp ? SOCK_DGRAM : SOCK_STREAM
        let descriptor = try NetlinkSession.run(inNamespace: namespace) {
            Glibc.socket(family.number, Int32(type.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        }.get()
        guard descriptor >= 0 else { throw LabError("socket: errno \(errno)") }
        var second = timeval(tv_sec: 1, tv_usec: 0)
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &second, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &second, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, 4)
        return descriptor
    }

    static func withAddress<R>(
        _ address: IPAddress, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R
    ) -> R {
        var storage = sockaddr_storage()
        storage.ss_family = sa_family_t(address.family.number)
        let offset = address.family == .ipv4 ? 4 : 8
        withUnsafeMutableBytes(of: &storage) { bytes in
            bytes[2] = UInt8(port >> 8)
            bytes[3] = UInt8(port & 255)
            bytes[offset..<offset + address.bytes.count].copyBytes(from: address.bytes)
        }
        let length = socklen_t(address.family == .ipv4 ? 16 : 28)
        return withUnsafePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }

    static func address(_ storage: sockaddr_storage) -> IPAddress? {
        withUnsafeBytes(of: storage) { bytes in
            Int32(storage.ss_family) == AF_INET ? IPAddress(bytes: bytes[4..<8]) : IPAddress(bytes: bytes[8..<24])
        }
    }
}
