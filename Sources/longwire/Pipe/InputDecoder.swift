internal import LongwireClient
internal import LongwireTransport
internal import NIOCore

/// Cuts standard input into messages, as the options say.
struct InputDecoder {
    private let form: MessageForm
    private var messages: MessageDecoder
    private var stream = ByteBuffer()
    /// The number of the line read last, for errors.
    private var lineNumber = 0

    private static let pieceBytes = 16 * 1024

    /// - Parameter limit: the longest message, in bytes.
    init(_ form: MessageForm, limit: Int) {
        self.form = form
        let framing: MessageFraming = if case .framed(let framing) = form { framing } else { .lines }
        // A message in JSON is longer than itself: an escape is up to six bytes for one.
        messages = MessageDecoder(framing, limit: form == .json ? limit * 6 + 1024 : limit)
        self.limit = limit
    }

    private let limit: Int

    /// More of the input; what came before must have been taken with ``next()``.
    mutating func append(_ chunk: ByteBuffer) {
        if form == .binary { stream = chunk } else { messages.append(chunk) }
    }

    /// The next whole message; nil when more of the input is needed.
    mutating func next() throws(InputError) -> Message? {
        guard form != .binary else {
            guard stream.readableBytes > 0 else { return nil }
            return stream.readSlice(length: min(Self.pieceBytes, stream.readableBytes)).map { Message($0) }
        }
        do {
            while let message = try messages.next() {
                guard form == .json else { return message }
                if let message = try fromJSON(message) { return message }
            }
            return nil
        } catch {
            throw InputError(error, form: form, limit: limit)
        }
    }

    /// What was begun when the input ended.
    mutating func finish() throws(InputError) -> Message? {
        do {
            guard form != .binary, let message = try messages.finish() else { return nil }
            return form == .json ? try fromJSON(message) : message
        } catch {
            throw InputError(error, form: form, limit: limit)
        }
    }

    /// The message in a line of JSON; nil for an empty line, and for an event.
    private mutating func fromJSON(_ line: Message) throws -> Message? {
        lineNumber += 1
        guard let message = try JSONLine.message(line.payload, number: lineNumber) else { return nil }
        guard message.payload.readableBytes <= limit else {
            throw FramingError.tooLong(size: message.payload.readableBytes, limit: limit)
        }
        return message
    }
}
