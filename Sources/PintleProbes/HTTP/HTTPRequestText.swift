/// A check's request as it is sent.
enum HTTPRequestText {
    /// Its bytes.
    ///
    /// - Parameters:
    ///   - check: Whose fields and user agent are sent.
    ///   - url: What is asked for.
    ///   - keepsHost: Whether a `Host` among the check's fields counts; a redirection to another address ends that.
    ///   - referer: Where a redirection comes from.
    ///   - fault: Set when there is no request: the field that can't be sent as it is.
    /// - Returns: The request, or nil.
    static func make(
        _ check: HTTPCheck, _ url: ProbeURL, keepsHost: Bool, referer: String?, fault: inout String
    ) -> [UInt8]? {
        var host = url.authority
        var agent: String? = check.userAgent
        var accept: String? = "*/*"
        var others = ""
        var isFirstAccept = true
        for header in check.headers {
            guard isName(header.name) else {
                fault = "net/http: invalid header field name \"\(header.name)\""
                return nil
            }
            guard header.value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }) else {
                fault = "net/http: invalid header field value for \"\(header.name)\""
                return nil
            }
            switch header.name.lowercased() {
            case "host": if keepsHost, !header.value.isEmpty { host = header.value }
            case "user-agent": agent = header.value
            case "accept":
                if isFirstAccept { accept = header.value } else { others += "Accept: \(header.value)\r\n" }
                isFirstAccept = false
            // The length of a body that is not there, and how to end the connection, are not the author's to say.
            case "connection", "content-length", "transfer-encoding", "trailer": break
            default: others += "\(header.name): \(header.value)\r\n"
            }
        }
        var text = "GET \(url.target) HTTP/1.1\r\nHost: \(host)\r\n"
        if let agent, !agent.isEmpty { text += "User-Agent: \(agent)\r\n" }
        if let accept, !accept.isEmpty { text += "Accept: \(accept)\r\n" }
        text += others
        if let referer { text += "Referer: \(referer)\r\n" }
        text += "Connection: close\r\n\r\n"
        return Array(text.utf8)
    }

    /// RFC 9110's token.
    private static func isName(_ name: String) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "A")...UInt8(ascii: "Z"):
                    true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }
}
