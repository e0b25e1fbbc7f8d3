internal import ArgumentParser
internal import LongwireTransport

/// How messages stand in standard input and output.
enum MessageForm: Sendable, Equatable {
    /// A line each.
    case lines
    /// No borders: a stream of bytes.
    case binary
    /// With their lengths.
    case framed(MessageFraming)
    /// A JSON object each, on a line.
    case json
}

/// What may follow `--framed`.
enum Framed: String, ExpressibleByArgument, CaseIterable {
    case netstring
    case length

    var framing: MessageFraming { self == .netstring ? .netstring : .length }
}

/// What may follow `--color`.
enum ColorChoice: String, ExpressibleByArgument, CaseIterable {
    case auto
    case always
    case never

    /// Whether to colour a screen; `auto` heeds NO_COLOR.
    func isOn(noColor: String?) -> Bool {
        switch self {
        case .auto: (noColor ?? "").isEmpty
        case .always: true
        case .never: false
        }
    }
}
