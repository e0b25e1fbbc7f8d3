public import NIOCore

/// A session as two streams of bytes, each of which may end before the other.
///
/// Borders of messages mean nothing here: what one side writes in pieces the other may read in others.
public struct ByteStream: Sendable {
    private let session: Session
    /// Bytes of one message, small enough to pass without being cut into fragments.
    private static let pieceBytes = 16 * 1024

    init(session: Session) { self.session = session }

    /// Writes bytes; suspends while the send buffer is full.
    ///
    /// - Throws: as ``Session/send(_:)-(Message)``.
    public func write(_ bytes: ByteBuffer) async throws {
        var rest = bytes
        while rest.readableBytes > 0, let piece = rest.readSlice(length: min(rest.readableBytes, Self.pieceBytes)) {
            try await session.send(piece)
        }
    }

    /// Ends this side's stream; the other side's goes on.
    public func finishWriting() { session.beginClose() }

    /// The bytes that arrive, in pieces of any size, until the other side's stream ends.
    public var bytes: ByteStreamReader { ByteStreamReader(messages: session.messages) }
}

/// The bytes of a ``ByteStream``.
public struct ByteStreamReader: AsyncSequence, Sendable {
    /// A piece of the stream, never empty.
    public typealias Element = ByteBuffer
    let messages: SessionMessages

    /// Begins, or goes on, to read.
    public func makeAsyncIterator() -> Iterator { Iterator(messages: messages.makeAsyncIterator()) }

    /// Reads one piece after the other.
    public struct Iterator: AsyncIteratorProtocol {
        var messages: SessionMessages.Iterator

        /// The next piece, or nil when the other side's stream has ended.
        public mutating func next() async throws -> ByteBuffer? {
            while let message = try await messages.next() {
                if message.payload.readableBytes > 0 { return message.payload }
            }
            return nil
        }
    }
}

extension Session {
    /// The session as streams of bytes; do not read ``messages`` beside it.
    public var byteStream: ByteStream { ByteStream(session: self) }
}
