public import NIOCore

/// What an application sends and receives: bytes or text, empty or up to the message limit.
public struct Message: Sendable, Equatable {
    /// Whether the payload is bytes or text.
    public enum Kind: Sendable, Equatable {
        /// Any bytes.
        case bytes
        /// Valid UTF-8.
        case text
    }

    /// Bytes or text; it travels with the message.
    public var kind: Kind
    /// The content; for text it is valid UTF-8.
    public var payload: ByteBuffer

    /// A message of bytes.
    public init(_ payload: ByteBuffer) {
        kind = .bytes
        self.payload = payload
    }

    /// A text message.
    public init(_ text: some StringProtocol) {
        kind = .text
        payload = ByteBuffer(substring: Substring(text))
    }

    /// A message of the given kind; `payload` must be valid UTF-8 where it is text.
    package init(kind: Kind, payload: ByteBuffer) {
        self.kind = kind
        self.payload = payload
    }

    /// The payload as text; bytes that are not UTF-8 are replaced.
    public var text: String { String(buffer: payload) }
}
