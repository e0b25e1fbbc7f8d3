internal import ArgumentParser
internal import Foundation
internal import LongwireClient
internal import NIOCore

/// The command `longwire connect URL`.
struct Connect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Opens a session: typed lines go out, messages arrive.",
        usage: "longwire [connect] [<options>] <url>",
        discussion: """
            In a terminal, Ctrl-D or /quit ends; /help lists the commands. In a pipe each
            line is a message, both ways; man longwire has the exit codes. Example:
              printf 'hello\\n' | longwire http://127.0.0.1:8080/longwire/echo
            """)

    @Argument(help: "Where the servlet is, http or https.")
    var url: String

    @Flag(name: .long, help: "A line is a message, also in a terminal.")
    var lines = false

    @Flag(name: .long, help: "A stream of bytes in and out.")
    var binary = false

    @Option(name: .long, help: ArgumentHelp("Messages with lengths.", valueName: "framing"))
    var framed: Framed?

    @Flag(name: .long, help: "A JSON object a line, in and out; also events.")
    var json = false

    @Option(name: .long, help: ArgumentHelp("'Name: value' for each request; repeatable.", valueName: "field"))
    var header: [HeaderArgument] = []

    @Option(
        name: .long, help: ArgumentHelp("Certificates (PEM) to trust, not the system's.", valueName: "file"),
        completion: .file())
    var ca: String?

    @Option(name: .long, help: ArgumentHelp("How long connecting may take.", valueName: "time"))
    var timeout = TimeArgument(seconds: 10)

    @Option(name: .long, help: ArgumentHelp("Failed attempts in a row that end it.", valueName: "n"))
    var reconnectLimit: Int?

    @Flag(
        inversion: .prefixedNo,
        help: ArgumentHelp("Go on in a new session when the server is replaced.", visibility: .hidden))
    var follow: Bool?

    @Option(name: .long, help: ArgumentHelp("The longest message.", valueName: "bytes", visibility: .hidden))
    var messageLimit = 1024 * 1024

    @Flag(inversion: .prefixedNo, help: "Keep typed lines for the next run, or none.")
    var history: Bool?

    @Flag(name: .long, help: ArgumentHelp("In a terminal, the time before each message.", visibility: .hidden))
    var times = false

    @Option(name: .long, help: ArgumentHelp("Colours.", valueName: "when"))
    var color = ColorChoice.auto

    @OptionGroup var transports: TransportOptions
    @OptionGroup var bundles: BundleOptions
    @OptionGroup var proxies: ProxyOptions
    @OptionGroup var identity: IdentityOptions

    @Flag(name: .shortAndLong, help: "Tell of changes of the line; -vv of all frames.")
    var verbose: Int

    @Flag(name: .shortAndLong, help: "Tell of nothing but the end and errors.")
    var quiet = false

    func validate() throws {
        guard timeout.amount > .zero else { throw ValidationError("--timeout must be more than nothing") }
        guard (1...1 << 30).contains(messageLimit) else {
            throw ValidationError("--message-limit must be 1 to \(1 << 30) bytes")
        }
        guard (0...1_000_000).contains(reconnectLimit ?? 0) else {
            throw ValidationError("--reconnect-limit must be 0 (a broken line is the end) to 1000000")
        }
        guard ca == nil || identity.pin.isEmpty else {
            throw ValidationError("--ca and --pin contradict each other; choose one")
        }
        guard !(verbose > 0 && quiet) else { throw ValidationError("--verbose and --quiet contradict each other") }
        let forms = [("--lines", lines), ("--binary", binary), ("--framed", framed != nil), ("--json", json)]
        let chosen = forms.filter(\.1).map(\.0)
        guard chosen.count < 2 else {
            throw ValidationError("\(chosen.joined(separator: " and ")) contradict each other; choose one")
        }
    }

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        CharacterEncoding.useUTF8()
        let report = Report(isQuiet: quiet, verbosity: verbose)
        if let advice = proxies.advice { report.note(advice) }
        let code = await Conversation(options: self, report: report).run()
        report.flush()
        if code != .done { throw ArgumentParser.ExitCode(code.rawValue) }
    }

    /// What standard input and output hold, where they are not a person's screen.
    var form: MessageForm {
        if binary { return .binary }
        if json { return .json }
        return framed.map { .framed($0.framing) } ?? .lines
    }

    /// What the library is asked for.
    ///
    /// - Parameter isPerson: whether somebody sees where a new session begins; a program behind a pipe does not.
    func configuration(line: LineState, report: Report, isPerson: Bool) -> ClientConfiguration {
        var configuration = ClientConfiguration()
        if !(follow ?? isPerson) { configuration.followLimit = .zero }
        configuration.headerFields = header.map { ($0.name, $0.value) }
        configuration.trustedCertificates = ca
        configuration.connectTimeout = timeout.amount
        configuration.reconnectLimit = reconnectLimit
        transports.apply(to: &configuration)
        bundles.apply(to: &configuration)
        proxies.apply(to: &configuration)
        identity.apply(to: &configuration)
        configuration.session.timeToOpen = timeout.amount
        configuration.session.messageLimit = messageLimit
        configuration.onChange = { line.changed($0) }
        if verbose > 1 { configuration.onFrame = { report.trace($0.description) } }
        return configuration
    }
}
