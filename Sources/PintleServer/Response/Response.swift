import NIOCore
import PintleHTTP
import PintleObjects

/// A whole answer.
struct Response: Sendable {
    var status = 200
    var contentType = "application/json"
    var headers: [(String, String)] = []
    var warnings: [String] = []
    var cacheControl = "no-cache, private"
    var body = ByteBuffer()

    init(status: Int = 200, contentType: String = "application/json", body: ByteBuffer) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    /// A value in the encoding that `form` wants; its shape is not looked at.
    init(status: Int = 200, _ value: JSON, form: OutputForm = .json) {
        self.status = status
        contentType = form.contentType
        switch (form.encoding, form.isPretty) {
        case (.yaml, _): body = ByteBuffer(string: value.yaml())
        case (.json, true): body = ByteBuffer(string: value.prettyPrinted() + "\n")
        case (.json, false): body = ByteBuffer(bytes: value.serialized())
        }
    }

    init(text: String, status: Int = 200) {
        self.status = status
        contentType = "text/plain; charset=utf-8"
        headers = [("X-Content-Type-Options", "nosniff")]
        body = ByteBuffer(string: text)
    }

    init(_ error: StatusError, form: OutputForm = .json) {
        self.init(status: error.code, error.json, form: form)
        if let seconds = error.retryAfterSeconds { headers.append(("Retry-After", "\(seconds)")) }
    }

    /// What Go's HTTP server says to a path that leads nowhere.
    static let pageNotFound = Response(text: "404 page not found\n", status: 404)

    func send(to exchange: HTTPExchange) {
        exchange.send(status: status, headers: allHeaders, body: body)
    }

    var allHeaders: [(String, String)] {
        var all = [("Cache-Control", cacheControl), ("Content-Type", contentType)]
        all += headers
        all += warnings.map { ("Warning", "299 - \(quotedWarning($0))") }
        return all
    }
}

/// A warning's text as a quoted string of a header field: without control characters, at most 256 of the others.
private func quotedWarning(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars.prefix(1024) {
        switch scalar {
        case "\"", "\\":
            out += "\\"
            out.unicodeScalars.append(scalar)
        case _ where scalar.value < 0x20 || scalar.value == 0x7F: out += " "
        default: out.unicodeScalars.append(scalar)
        }
    }
    return out + "\""
}
