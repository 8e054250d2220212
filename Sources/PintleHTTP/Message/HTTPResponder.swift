/// What answers requests.
public protocol HTTPResponder: Sendable {
    /// Answers `request` through `exchange`.
    ///
    /// Called on the connection's event loop: it must not block. Answer at once, which is cheapest, or start a `Task`
    /// that answers later. An exchange that is let go of unanswered is answered with status 500.
    ///
    /// A request is announced whole. Requests of one HTTP/1.1 connection come one after the other, those of one
    /// HTTP/2 connection overlap.
    func respond(to request: HTTPRequest, exchange: HTTPExchange)
}
