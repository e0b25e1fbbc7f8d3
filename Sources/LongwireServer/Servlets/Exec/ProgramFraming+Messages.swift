internal import LongwireTransport

extension ProgramFraming {
    /// The messages of a raw stream of bytes, in bytes: small enough to pass without being cut into fragments.
    static let pieceBytes = 16 * 1024

    /// How messages are told apart; nil for a raw stream of bytes.
    var messages: MessageFraming? {
        switch self {
        case .lines: .lines
        case .netstring: .netstring
        case .length: .length
        case .bytes: nil
        }
    }
}
