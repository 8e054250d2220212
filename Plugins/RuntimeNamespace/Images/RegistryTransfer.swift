import CPintleImages
import Glibc

/// Status and header lines of an answer.
struct RegistryHead: Sendable {
    var status: Int32 = 0
    /// Names in lower case.
    var headers: [(name: String, value: String)] = []

    init(status: Int32 = 0, lines: String = "") {
        self.status = status
        for line in lines.split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            headers.append((line[..<colon].lowercased(), String(value)))
        }
    }

    subscript(name: String) -> String? { headers.first { $0.name == name }?.value }
}

/// What takes an answer in.
///
/// `head` comes once, before the body's pieces.
protocol RegistryReceiver: AnyObject {
    func receive(head: RegistryHead) throws(ImageError)
    func receive(body: UnsafeRawBufferPointer) throws(ImageError)
}

/// Keeps a small answer in memory.
final class RegistryDocument: RegistryReceiver {
    private(set) var bytes: [UInt8] = []
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    func receive(head: RegistryHead) { bytes = [] }

    func receive(body: UnsafeRawBufferPointer) throws(ImageError) {
        guard bytes.count + body.count <= limit else {
            throw ImageError(.invalid, .errImagePull, "the registry's answer has more than \(limit) bytes")
        }
        bytes.append(contentsOf: body)
    }
}

/// Sends requests over connections of its own.
///
/// For one thread at a time.
final class RegistryTransfer {
    /// A request; a form makes it a POST.
    struct Request {
        var address: RegistryAddress
        var isHeadOnly = false
        var headers: [String] = []
        var form: String?
        var caFile: String?
    }

    private let client: OpaquePointer
    private let task: ImageTask

    init(_ task: ImageTask) throws(ImageError) {
        guard let client = pintle_transfer_client_new() else {
            throw ImageError(
                .unavailable, .registryUnavailable, "libcurl.so.4 can't be loaded; install the package libcurl4")
        }
        self.client = client
        self.task = task
    }

    deinit { pintle_transfer_client_free(client) }

    private final class Context {
        let receiver: any RegistryReceiver
        let task: ImageTask
        var head = RegistryHead()
        var error: ImageError?

        init(_ receiver: any RegistryReceiver, _ task: ImageTask) {
            self.receiver = receiver
            self.task = task
        }

        /// Runs `body`, keeping its error; returns what libcurl's caller is to see.
        func guarding(_ body: () throws(ImageError) -> Void) -> Int32 {
            do throws(ImageError) { try body() } catch {
                self.error = error
                return 1
            }
            return 0
        }
    }

    /// Sends a request.
    ///
    /// Redirects are not followed. *Blocks.*
    ///
    /// - Throws: what the receiver throws, `RegistryUnavailable` when no complete answer came, `Cancelled` and
    ///   `DeadlineExceeded`.
    func perform(_ request: Request, into receiver: any RegistryReceiver) throws(ImageError) -> RegistryHead {
        let context = Context(receiver, task)
        var message = [CChar](repeating: 0, count: 512)
        let outcome = perform(request, context, &message)
        if let error = context.error { throw error }
        let bytes = message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        let text = "\(request.address.authority): \(String(decoding: bytes, as: UTF8.self))"
        switch Int(outcome) {
        case PINTLE_TRANSFER_DONE: return context.head
        case PINTLE_TRANSFER_STOPPED:
            try task.check()
            throw ImageError(.cancelled, .cancelled, text)
        case PINTLE_TRANSFER_BROKEN:
            var error = ImageError(.unavailable, .registryUnavailable, text)
            error.isTransient = true
            throw error
        default: throw ImageError(.unavailable, .registryUnavailable, text)
        }
    }

    private func perform(
        _ request: Request, _ context: Context, _ message: inout [CChar]
    ) -> pintle_transfer_outcome {
        let headers = request.headers.map { strdup($0) }
        let url = strdup(request.address.description)
        let form = request.form.map { strdup($0) } ?? nil
        let caFile = request.caFile.map { strdup($0) } ?? nil
        defer { for text in headers + [url, form, caFile] { free(text) } }
        var lines = headers.map { UnsafePointer<CChar>($0) } + [nil]
        return withExtendedLifetime(context) {
            lines.withUnsafeMutableBufferPointer { lines in
                guard let url, let base = lines.baseAddress else { return Int32(PINTLE_TRANSFER_FAILED) }
                var raw = pintle_transfer_request(
                    url: url, head_only: request.isHeadOnly ? 1 : 0, no_proxy: request.address.isLoopback ? 1 : 0,
                    headers: base, form: form, ca_file: caFile,
                    context: Unmanaged.passUnretained(context).toOpaque(),
                    head: { pointer, status, lines, count in
                        guard let context = RegistryTransfer.context(pointer) else { return 1 }
                        let bytes = UnsafeRawBufferPointer(start: lines, count: count)
                        context.head = RegistryHead(status: status, lines: String(decoding: bytes, as: UTF8.self))
                        return context.guarding { () throws(ImageError) in
                            try context.receiver.receive(head: context.head)
                        }
                    },
                    body: { pointer, data, count in
                        guard let context = RegistryTransfer.context(pointer) else { return 1 }
                        return context.guarding { () throws(ImageError) in
                            try context.receiver.receive(body: UnsafeRawBufferPointer(start: data, count: count))
                        }
                    },
                    is_stopped: { pointer in RegistryTransfer.context(pointer)?.task.isStopped == false ? 0 : 1 })
                return pintle_transfer_perform(client, &raw, &message, message.count)
            }
        }
    }

    private static func context(_ pointer: UnsafeMutableRawPointer?) -> Context? {
        pointer.map { Unmanaged<Context>.fromOpaque($0).takeUnretainedValue() }
    }
}
