/// The types of frames (Docs/protocol.md, "Frames").
package enum FrameType {
    /// The frame `OPEN`.
    package static let open: UInt64 = 0x01
    /// The frame `OPENED`.
    package static let opened: UInt64 = 0x02
    /// The frame `MESSAGE`.
    package static let message: UInt64 = 0x03
    /// The frame `FRAGMENT`.
    package static let fragment: UInt64 = 0x04
    /// The frame `ACK`.
    package static let ack: UInt64 = 0x05
    /// The frame `PING`.
    package static let ping: UInt64 = 0x06
    /// The frame `PONG`.
    package static let pong: UInt64 = 0x07
    /// The frame `PAD`.
    package static let pad: UInt64 = 0x08
    /// The frame `CLOSE`.
    package static let close: UInt64 = 0x09
    /// The frame `TEXT`.
    package static let text: UInt64 = 0x0a
    /// The frame `GOING`.
    package static let going: UInt64 = 0x0b
    /// The frame `ABORT`.
    package static let abort: UInt64 = 0x0c
}

/// The sizes that bound a frame (Docs/protocol.md, "Frames").
package enum FrameLimits {
    /// The greatest payload of one numbered frame, in bytes.
    package static let payload = 16 * 1024
    /// The greatest value of any frame, in bytes.
    package static let value = payload + 64
    /// What a numbered frame costs beyond its payload, in bytes of credit.
    package static let overhead: UInt64 = 64
    /// The greatest reason of CLOSE and ABORT, in bytes of UTF-8.
    package static let reason = 256
    /// The least that the size of a transaction may be limited to, in bytes.
    package static let leastSize = 1024 * 1024
    /// The greatest number of parameters in OPEN and OPENED.
    package static let parameterCount = 32
    /// The greatest size of all parameters in OPEN or OPENED, in bytes.
    package static let parameterBytes = 4096
}
