/// Why a stream of bytes cannot be cut into messages, or a message not be put into one.
package enum FramingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A message is longer than the limit, both in bytes; `size` is nil where it is not yet known.
    case tooLong(size: Int?, limit: Int)
    /// What came is no netstring; in words, what stood in the place of what.
    case notNetstring(String)
    /// The stream ended inside a message: how many bytes of it had come.
    case unfinished(Int)
    /// A message with a newline, which a line cannot hold.
    case newline

    /// A sentence for people, without the names of options, which differ from program to program.
    package var description: String {
        switch self {
        case .tooLong(let size?, let limit): "a message of \(size) bytes is longer than the limit of \(limit) bytes"
        case .tooLong(nil, let limit): "a message is longer than the limit of \(limit) bytes"
        case .notNetstring(let why): "not a netstring: \(why)"
        case .unfinished(let bytes): "the stream ended inside a message, after \(bytes) bytes of it"
        case .newline: "a message with a newline cannot be sent as a line"
        }
    }
}
