internal import LongwireClient
internal import LongwireTransport
internal import NIOCore

/// Writes messages as the options say; safe to see where the output is a terminal.
struct OutputEncoder {
    let form: MessageForm
    /// Whether standard output is a terminal.
    let isShown: Bool

    /// The bytes of a message, and whether a line feed follows.
    func encode(_ message: Message) throws -> (bytes: ByteBuffer, newline: Bool) {
        switch form {
        case .lines: return (isShown ? ByteBuffer(string: Printable.message(message)) : message.payload, true)
        case .json: return (JSONLine.line(message), true)
        case .binary: return (shown(message.payload), false)
        case .framed(let framing):
            var bytes = ByteBuffer()
            try framing.encode(message.payload, into: &bytes)
            return (shown(bytes), false)
        }
    }

    private func shown(_ bytes: ByteBuffer) -> ByteBuffer {
        isShown ? ByteBuffer(string: Printable.stream(String(buffer: bytes))) : bytes
    }
}
