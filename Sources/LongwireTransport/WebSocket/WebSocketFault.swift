/// Why a WebSocket cannot go on (RFC 6455 section 7.4.1), with the code that tells the other side.
package enum WebSocketFault: UInt16, Error, Equatable {
    /// What came is no frame that this side may be sent (1002).
    case protocolError = 1002
    /// Text, which is no frame of ours: a type of data that cannot be accepted (1003).
    case unacceptableData = 1003
    /// A frame is greater than ``WebSocketDecoder/frameLimit`` (1009).
    case messageTooLarge = 1009
}
