public import LongwireSession
public import NIOCore

/// A program to run for each session, and what it may do.
public struct ExecConfiguration: Sendable {
    /// The program and its arguments; no shell reads them.
    ///
    /// A program without a slash is looked for in `PATH`, as the program itself gets it; a relative path is one below
    /// ``workingDirectory``.
    public var command: [String]
    /// How messages are told apart in what the program reads and writes.
    public var framing = ProgramFraming.lines
    /// Where the program runs; nil for where this process does.
    public var workingDirectory: String?
    /// Variables for the program besides those it always gets (Docs/exec.md); they win over these.
    public var environment: [String: String] = [:]
    /// How many of these programs run at a time; further sessions are refused as ``CloseCode/overloaded``.
    public var processLimit = 100
    /// How long one may run; zero: no limit.
    public var runTime = TimeAmount.zero
    /// What one may write, in bytes a session; zero: no limit.
    public var outputLimit = 0
    /// How long one may be silent after its input has ended, how long after SIGTERM it gets SIGKILL, and how long
    /// its children may hold its output open after its exit.
    public var grace = TimeAmount.seconds(5)

    /// The defaults, for a program and its arguments.
    public init(command: [String]) { self.command = command }

    /// The defaults, for a command line as one would type it.
    ///
    /// Spaces part words, and `'…'`, `"…"` and `\` are read as a shell reads them. Nothing else is special: no
    /// variables, no patterns, no pipes.
    ///
    /// - Throws: ``ConfigurationError`` for a quote that does not end, and for no words at all.
    public init(parsing commandLine: String) throws(ConfigurationError) {
        self.init(command: try CommandWords.split(commandLine))
    }
}

/// How messages are told apart in what a program reads and writes.
public enum ProgramFraming: String, Sendable, CaseIterable {
    /// A line feed after each message; a message with a newline ends the session with ``ExecCode/newlineInMessage``.
    case lines
    /// The length in decimal digits, a colon, the message, a comma: `12:hello world!,`.
    case netstring
    /// The length in four bytes, the greatest first, then the message.
    case length
    /// Not at all: a stream of bytes in each direction, cut into messages anywhere.
    case bytes
}
