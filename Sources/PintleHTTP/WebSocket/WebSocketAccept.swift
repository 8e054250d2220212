internal import Crypto

/// The server's half of the WebSocket handshake.
enum WebSocketAccept {
    /// RFC 6455, section 4.2.2: base64 of SHA-1 of the key and a fixed text.
    static func value(forKey key: String) -> String {
        Base64.encode(Insecure.SHA1.hash(data: Array("\(key)258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8)))
    }
}
