import NIOCore
import Testing

@testable import PintleHTTP

@Suite("Small codecs")
struct CodecTests {
    @Test(
        "base64 agrees with RFC 4648's examples",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ])
    func base64(_ plain: String, _ encoded: String) {
        #expect(Base64.encode(plain.utf8) == encoded)
        #expect(Base64.decode(encoded.utf8) == Array(plain.utf8))
    }

    @Test(
        "what is not base64 is refused",
        arguments: ["A", "Zg=", "Zg===", "Z=g=", "Zm9v\n", "Zm 9", "====", "Zm9vYg===="])
    func base64Refused(_ text: String) {
        #expect(Base64.decode(text.utf8) == nil)
    }

    @Test(
        "a target is taken apart, and its parameters are decoded",
        arguments: [
            ("/a/b", "/a/b", []), ("/a?x=1&y=a%20b+c&z", "/a", ["x=1", "y=a b c", "z="]),
            ("https://host:1/a%2Fb?q=%zz%4", "/a%2Fb", ["q=%zz%4"]), ("http://host", "/", []),
            ("http://host?a=1", "/", ["a=1"]),
            ("*", "*", []), ("/?&&a==b", "/", ["a==b"]),
        ])
    func target(_ text: String, _ path: String, _ parameters: [String]) throws {
        let target = try #require(RequestTarget(text))
        #expect(target.path == path)
        #expect(target.query.map { "\($0.name)=\($0.value)" } == parameters)
    }

    @Test("what is no path is refused", arguments: ["", "a/b", "host:443", "ftp://host/"])
    func badTarget(_ text: String) {
        #expect(RequestTarget(text) == nil)
    }

    @Test("dates have the form of RFC 9110")
    func date() {
        #expect(HTTPDate.format(784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
    }

    @Test("a value cannot forge a field")
    func forgedField() {
        var buffer = ByteBuffer()
        HTTP1Head.write(
            status: 404, headers: [("x", "a\r\nevil: 1")], framing: .length(3), keepAlive: false, http10: false,
            date: "D", into: &buffer)
        let expected =
            "HTTP/1.1 404 Not Found\r\ndate: D\r\nx: a  evil: 1\r\ncontent-length: 3\r\nconnection: close\r\n\r\n"
        #expect(String(buffer: buffer) == expected)
    }

    @Test("terminal sizes are found however the stream is cut")
    func sizes() {
        var random = SeededRandom("sizes")
        let text =
            Array(#"{"Width":80,"Height":24}{ "Height" : 50 , "Width" : 132 }"#.utf8)
            + Array("{}\n{\"Width\":0,\"Height\":9}".utf8)
        for _ in 0..<200 {
            var parser = SizeParser()
            var found: [String] = []
            var rest = text[...]
            while !rest.isEmpty {
                let count = Int.random(in: 1...min(9, rest.count), using: &random)
                found += parser.parse(rest.prefix(count)).map { "\($0.width)x\($0.height)" }
                rest = rest.dropFirst(count)
            }
            #expect(found == ["80x24", "132x50"], "seed \(random.seed)")
        }
    }

    @Test("a size stream of something else is ignored, not kept")
    func sizesBroken() {
        var parser = SizeParser()
        #expect(parser.parse([UInt8](repeating: 0x20, count: 10_000)).isEmpty)
        #expect(parser.isBroken)
    }

    @Test("texts become JSON strings")
    func json() {
        #expect(JSONText.quoted("a\"\\\n\u{1}é") == #""a\"\\\n\u0001é""#)
    }
}
