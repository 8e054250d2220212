internal import NIOCore

/// What a protocol (HTTP/1.1 connection, HTTP/2 stream) does with the answer to one request.
///
/// Everything is called on the connection's event loop, and in the order of the protocol: ``HTTPExchange`` sees to it.
protocol AnswerSink: AnyObject {
    /// Sends a whole answer.
    func sendWhole(status: Int, headers: [(String, String)], body: ByteBuffer)
    /// Sends the head of a streamed answer.
    func begin(status: Int, headers: [(String, String)], endless: Bool)
    /// Sends a part of a streamed answer; `promise` is kept when the socket (or flow control) has taken it.
    func write(_ buffer: ByteBuffer, promise: EventLoopPromise<Void>)
    /// Ends a streamed answer.
    func end()
    /// The exchange was let go of before its answer's end.
    func abandoned(unanswered: Bool)
    /// Leaves HTTP: sends status 101 with `headers`, then gives the connection's bytes to the handlers that `install`
    /// adds at the pipeline's end. Fails on HTTP/2, which has no upgrades.
    func upgrade(
        headers: [(String, String)], install: (ChannelPipeline.SynchronousOperations) throws -> Void
    ) throws -> EventLoopFuture<any Channel>
}
