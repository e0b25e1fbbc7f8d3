package import NIOCore

/// A frame of the one sequence of numbers that each direction has.
package struct NumberedFrame: Equatable, Sendable {
    /// What the number stands for.
    package enum Content: Equatable, Sendable {
        /// A whole message of bytes, or its last fragment.
        case message(ByteBuffer)
        /// A whole text, or its last fragment.
        case text(ByteBuffer)
        /// A part of a message: more of it follows.
        case fragment(ByteBuffer)
        /// The termination message.
        case close(CloseCode, reason: String)
    }

    package var number: UInt64
    package var content: Content

    package init(number: UInt64, content: Content) {
        self.number = number
        self.content = content
    }

    /// Whether this is the last of its direction.
    package var isClose: Bool { if case .close = content { true } else { false } }

    /// What the frame costs of the receiver's credit, in bytes; CLOSE is free.
    package var cost: UInt64 {
        switch content {
        case .message(let payload), .text(let payload), .fragment(let payload):
            UInt64(payload.readableBytes) + FrameLimits.overhead
        case .close: 0
        }
    }
}
