package import NIOCore

/// A whole message as it was read: what nearly every frame is, without what all the others may be.
package struct MessageFrame: Sendable {
    package var number: UInt64
    package var isText: Bool
    package var payload: ByteBuffer

    /// The same as any other frame.
    var numbered: NumberedFrame {
        NumberedFrame(number: number, content: isText ? .text(payload) : .message(payload))
    }
}
