import NIOCore
import PintleHTTP
import PintleObjects
import PintleStore

extension ResourceRequest {
    /// One object, straight from the cache.
    func get() throws(StatusError) -> Response {
        let encoder = try encoder()
        let object = try writer.find(kind, namespace: namespace, name: info.name)
        if let text = request.queryValue("resourceVersion"), let wanted = Int64(text),
            wanted > operations.cache.revision
        {
            throw StatusError(tooNew: wanted, current: operations.cache.revision)
        }
        return encoder.response(.cached(object))
    }

    func list() throws(StatusError) -> Response {
        let encoder = try encoder()
        let options = try ListOptions(request, isWatch: false)
        return encoder.response(try ObjectList(selection(options), options, cache: operations.cache))
    }

    /// Sends events as lines, or as messages of a WebSocket, until the client goes or its time is up.
    func watch() throws(StatusError) {
        let encoder = try watchEncoder()
        let options = try ListOptions(request, isWatch: true)
        let stream = WatchStream(
            selection: try selection(options), encoder: encoder, options: options, cache: operations.cache)
        let work = Task {
            if request.wantsWebSocket {
                await messages(stream)
            } else {
                await lines(stream)
            }
        }
        exchange.onClose { work.cancel() }
    }

    private func lines(_ stream: WatchStream) async {
        exchange.begin(
            status: 200, headers: [("Cache-Control", "no-cache, private"), ("Content-Type", "application/json")],
            endless: true)
        do {
            try await stream.run { try await exchange.write($0) }
            exchange.end()
        } catch {
            // The client has gone.
        }
    }

    private func messages(_ stream: WatchStream) async {
        do throws(StreamUpgradeError) {
            let session = try await exchange.upgradeToMessages(request, plain: .text)
            try? await stream.run { lines in
                // One event a message.
                var lines = lines
                while let end = lines.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) {
                    let length = end - lines.readerIndex + 1
                    guard let line = lines.readSlice(length: length) else { break }
                    try await session.write(line)
                }
            }
            await session.close()
        } catch {
            if error.isAnswerable { Response(error.statusError).send(to: exchange) }
        }
    }

    /// Watches are JSON; `;stream=watch` and YAML in `Accept` do not change that.
    private func watchEncoder() throws(StatusError) -> ObjectEncoder {
        let encoder = try encoder()
        var form = encoder.form
        form.encoding = .json
        form.isPretty = false
        return ObjectEncoder(kind: kind, form: form, include: encoder.include)
    }
}
