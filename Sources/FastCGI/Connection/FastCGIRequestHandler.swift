public import NIOHTTPTypes

/// The application's side of one request: made by the factory of the server, called on the event loop of the
/// connection, let go after `closed(_:)`.
///
/// Calls to the request's methods are allowed in every one of these; they may call back: a `write` that fills the
/// connection calls `writabilityChanged(false)`, and the `.end` of the response calls `closed(.finished)`.
public protocol FastCGIRequestHandler: AnyObject {
    /// A part of the request: `.body` for each STDIN record, then one `.end(nil)`. The head went to the factory.
    ///
    /// What arrived while reading was paused comes as one body part.
    func received(_ part: HTTPRequestPart)

    /// All records of one read of the socket have been handed over: the moment to write and to flush, once.
    ///
    /// Called only after at least one part was received since the last call.
    func readCompleted()

    /// The output queue of the connection has passed the high-water mark (false) or fallen under the low one (true).
    func writabilityChanged(_ isWritable: Bool)

    /// The request is over; called exactly once and last. Writes after it are ignored.
    func closed(_ reason: FastCGICloseReason)
}

/// How a request ended.
public enum FastCGICloseReason: Hashable, Sendable {
    /// The application ended it, with `.end` or with `close()`.
    case finished
    /// The web server sent ABORT_REQUEST: its client has gone.
    case aborted
    /// The connection to the web server is gone, which is how most web servers say that the client has.
    case connectionLost
    /// The web server broke the rules of FastCGI in this request or on its connection.
    case protocolError
}
