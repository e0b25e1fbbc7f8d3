internal import LongwireTransport

/// Why standard input cannot go on: a sentence, and the exit code.
struct InputError: Error, CustomStringConvertible {
    let code: ExitCode
    let description: String

    /// Input that is not what the options say.
    init(_ sentence: String) {
        code = .badInput
        description = sentence
    }

    init(_ error: any Error, form: MessageForm, limit: Int) {
        if let error = error as? InputError {
            self = error
        } else if case .tooLong = error as? FramingError {
            let what = form == .lines ? "a line of input" : "a message of the input"
            code = .inputOutput
            description =
                "\(what) is longer than \(limit) bytes; raise --message-limit here and at the server, or use --binary"
        } else {
            code = .badInput
            description = "the input is not what --framed promises: \(error)"
        }
    }
}
