/// What the program tells whoever started it (Docs/terminal.md).
enum ExitCode: Int32 {
    /// Both sides ended in good order.
    case done = 0
    /// Refused, unreachable, or no answer in time.
    case notReachable = 2
    case nameNotFound = 3
    case tls = 4
    /// The web server answered with a status that has no code of its own.
    case httpStatus = 5
    case notLongwire = 6
    case version = 7
    /// The server refused the session, with a code.
    case refused = 8
    /// The session was not resumed in time, or the server no longer knows it.
    case lost = 9
    /// The other side closed with another code than done, or before our input had ended.
    case closedWithCode = 10
    case aborted = 11
    /// The web server answered with 401, 403 or 407.
    case notAllowed = 12
    /// The web server answered with 404 or 410.
    case nothingThere = 13
    /// The command line makes no sense.
    case usage = 64
    /// Standard input is not what the options say: no JSON, no netstring.
    case badInput = 65
    /// Standard input could not be read, standard output not written, or a message is longer than the limit.
    case inputOutput = 74
    /// The terminal went away.
    case hungUp = 129
    /// Interrupted while connecting, or a second time.
    case interrupted = 130
    /// SIGTERM while connecting, or a second one.
    case terminated = 143

    /// The code after a signal that ended the program at once.
    init(signal: Int32) { self = ExitCode(rawValue: 128 + signal) ?? .interrupted }
}
