package import NIOCore

/// Reads the frames of one direction of a WebSocket (RFC 6455 section 5) in whatever pieces they come.
///
/// The borders of data frames mean nothing to Longwire: what they carry is handed on as it comes, so that a great frame
/// is never kept.
package struct WebSocketDecoder {
    /// A control frame.
    package enum Control: Equatable {
        case ping(ByteBuffer)
        case pong
        case close
    }

    /// The greatest frame that is taken, in bytes: a window of messages, and what they cost beside.
    package static let frameLimit = 320 * 1024

    private let isClient: Bool
    /// The beginning of a frame whose head, or whole where it is a control frame, has not come yet.
    private var begun = ByteBuffer()
    /// What is missing of the data frame that is being read, in bytes.
    private var missing = 0
    private var mask: WebSocketMask?
    /// Whether continuations of a message may come.
    private var isFragmented = false

    /// - Parameter isClient: whether this side is the client; only what a client sends is masked.
    package init(isClient: Bool) { self.isClient = isClient }

    /// Takes what came, up to the next control frame.
    ///
    /// - Parameters:
    ///   - input: what came; consumed.
    ///   - data: what data frames carry is put behind what is there.
    /// - Returns: a control frame; nil when all of `input` was taken.
    /// - Throws: what no other side may send; what came before it is in `data`, and nothing more may be read.
    package mutating func next(
        _ input: inout ByteBuffer, data: inout ByteBuffer
    ) throws(WebSocketFault) -> Control? {
        while true {
            if missing > 0 {
                guard input.readableBytes > 0 else { return nil }
                take(&input, data: &data)
                continue
            }
            if begun.readableBytes > 0 {
                // A frame that came in pieces: its head, and what is behind it so far.
                begun.writeImmutableBuffer(input)
                input = begun
                begun = ByteBuffer()
            }
            guard let head = try readHead(&input) else { return nil }
            guard head.isControl else {
                missing = Int(truncatingIfNeeded: head.length)
                mask = head.mask
                continue
            }
            if let control = control(head, &input) { return control }
        }
    }

    /// Takes a head that is whole, unless it is that of a control frame which is not.
    private mutating func readHead(_ input: inout ByteBuffer) throws(WebSocketFault) -> WebSocketHead? {
        guard input.readableBytes > 0 else { return nil }
        var size = 0
        guard let head = input.withUnsafeReadableBytes({ WebSocketHead($0, size: &size) }) else {
            keep(&input)
            return nil
        }
        try check(head)
        if head.isControl, input.readableBytes < size + Int(truncatingIfNeeded: head.length) {
            keep(&input)
            return nil
        }
        input.moveReaderIndex(forwardBy: size)
        return head
    }

    /// A few bytes, in memory of their own.
    private mutating func keep(_ input: inout ByteBuffer) {
        begun = ByteBuffer(bytes: input.readableBytesView)
        input = ByteBuffer()
    }

    private mutating func check(_ head: WebSocketHead) throws(WebSocketFault) {
        guard head.reserved == 0, (head.mask == nil) == isClient else { throw .protocolError }
        switch head.opcode {
        case WebSocketHead.Opcode.binary:
            guard !isFragmented else { throw .protocolError }
            isFragmented = !head.isFinal
        case WebSocketHead.Opcode.continuation:
            guard isFragmented else { throw .protocolError }
            isFragmented = !head.isFinal
        case WebSocketHead.Opcode.text: throw .unacceptableData
        case WebSocketHead.Opcode.close, WebSocketHead.Opcode.ping, WebSocketHead.Opcode.pong:
            guard head.isFinal, head.length <= UInt64(WebSocketHead.controlLimit) else { throw .protocolError }
        default: throw .protocolError
        }
        guard head.length <= UInt64(Self.frameLimit) else { throw .messageTooLarge }
    }

    private mutating func take(_ input: inout ByteBuffer, data: inout ByteBuffer) {
        guard let bytes = input.readSlice(length: min(missing, input.readableBytes)) else { return }
        missing -= bytes.readableBytes
        Self.add(bytes, unmaskedWith: &mask, to: &data)
    }

    private func control(_ head: WebSocketHead, _ input: inout ByteBuffer) -> Control? {
        guard let bytes = input.readSlice(length: Int(truncatingIfNeeded: head.length)) else { return nil }
        switch head.opcode {
        case WebSocketHead.Opcode.ping:
            var payload = ByteBuffer()
            var mask = head.mask
            Self.add(bytes, unmaskedWith: &mask, to: &payload)
            return .ping(payload)
        case WebSocketHead.Opcode.close: return .close
        default: return .pong
        }
    }

    private static func add(
        _ bytes: ByteBuffer, unmaskedWith mask: inout WebSocketMask?, to data: inout ByteBuffer
    ) {
        guard var current = mask else {
            // What need not be unmasked need not be copied either.
            if data.readableBytes == 0 { data = bytes } else { data.writeImmutableBuffer(bytes) }
            return
        }
        data.writeWithUnsafeMutableBytes(minimumWritableBytes: bytes.readableBytes) { target in
            bytes.withUnsafeReadableBytes { source in
                current.copy(source, to: target)
                return source.count
            }
        }
        mask = current
    }
}
