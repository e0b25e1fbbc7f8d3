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

    /// A text message of bytes that are UTF-8, or nil when they are not.
    public init?(utf8 payload: ByteBuffer) {
        guard payload.isValidUTF8 else { return nil }
        self.init(kind: .text, payload: payload)
    }

    /// A message of the given kind; `payload` must be valid UTF-8 where it is text.
    package init(kind: Kind, payload: ByteBuffer) {
        self.kind = kind
        self.payload = payload
    }

    /// The payload as text; bytes that are not UTF-8 are replaced.
    public var text: String { String(buffer: payload) }
}
