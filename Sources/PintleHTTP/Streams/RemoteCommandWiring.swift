internal import Glibc
internal import NIOCore

/// Connects a session's streams with pipes to the process.
struct RemoteCommandWiring {
    let loop: any EventLoop
    let loops: EventLoops
    let wanted: RemoteCommandStreams
    let form: RemoteCommandCore.OutcomeForm
    let connection: any SessionConnection
    let error: SessionStream
    let stdin: SessionStream?
    let stdout: SessionStream?
    let stderr: SessionStream?
    let resize: SessionStream?

    /// One stream with its pipe.
    private struct Link {
        let pipe: PipePair
        let pump: StreamPump
    }

    /// Makes the pipes and starts the pumps.
    ///
    /// When it fails, the connection is left to be closed by the caller.
    func start(closing: CloseSignal) -> EventLoopFuture<RemoteCommandSession> {
        var links: [Link] = []
        do throws(StreamUpgradeError) {
            let input = try self.link(self.wanted.stdin ? self.stdin : nil, readable: false, &links)
            let output = try self.link(self.wanted.stdout ? self.stdout : nil, readable: true, &links)
            let errors = try self.link(self.wanted.stderr ? self.stderr : nil, readable: true, &links)
            for stream in [self.error, self.stdin, self.stdout, self.stderr] {
                guard let stream, !links.contains(where: { $0.pump.serves(stream) }) else { continue }
                stream.receiver = DiscardingReceiver(stream)
            }
            return self.open(input, output, errors, closing)
        } catch {
            for link in links { link.pipe.discard() }
            return self.loop.makeFailedFuture(error)
        }
    }

    private func link(
        _ stream: SessionStream?, readable: Bool, _ links: inout [Link]
    ) throws(StreamUpgradeError) -> Link? {
        guard let stream else { return nil }
        let link = Link(
            pipe: try PipePair(readable: readable),
            pump: StreamPump(stream: stream, reads: readable, writes: !readable))
        links.append(link)
        return link
    }

    private func open(
        _ input: Link?, _ output: Link?, _ errors: Link?, _ closing: CloseSignal
    ) -> EventLoopFuture<RemoteCommandSession> {
        let (sizes, continuation) = AsyncStream.makeStream(
            of: (width: Int, height: Int).self, bufferingPolicy: .bufferingNewest(8))
        if let resize {
            resize.receiver = SizeReceiver(stream: resize, sizes: continuation)
        }
        closing.onClose { continuation.finish() }
        let core = RemoteCommandCore(
            loop: self.loop, error: self.error, form: self.form, outputs: [output, errors].compactMap { $0?.pump },
            connection: self.connection)
        let descriptors = RemoteCommandDescriptors(
            stdin: input?.pipe.theirs, stdout: output?.pipe.theirs, stderr: errors?.pipe.theirs, resizes: sizes)
        let session = RemoteCommandSession(
            descriptors: descriptors, closing: closing, core: NIOLoopBound(core, eventLoop: self.loop),
            loops: self.loops)
        let links = [input, output, errors].compactMap { $0 }
        let opened = EventLoopFuture.andAllSucceed(
            links.map { $0.pipe.open($0.pump, on: self.loop).map { _ in } }, on: self.loop)
        let theirs = links.map(\.pipe.theirs)
        opened.whenFailure { _ in for descriptor in theirs { close(descriptor) } }
        return opened.map { session }
    }
}
