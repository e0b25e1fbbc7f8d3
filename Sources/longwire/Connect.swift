internal import ArgumentParser
internal import Foundation
internal import LongwireClient
internal import NIOCore

/// The command `longwire connect URL`.
struct Connect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Opens a session: typed lines go out, messages arrive.",
        discussion: """
            In a terminal, Ctrl-D or /quit ends; /help lists the commands. In a pipe each line of input becomes a \
            message and each message a line of output, until both sides have ended.
            Example:
              printf 'hello\\n' | longwire connect http://127.0.0.1:8080/longwire/echo
            Exit codes:
              0 done, 2 not reachable, 3 name unknown, 4 TLS, 5 HTTP status,
              6 not Longwire, 7 version, 8 refused, 9 session lost, 10 closed with a
              code, 11 aborted, 64 usage, 74 input or output, 130 interrupted twice
            """)

    @Argument(help: "Where the servlet is, http or https.")
    var url: String

    @Flag(name: .long, help: "Input is a stream of bytes; output is the payloads, byte for byte.")
    var binary = false

    @Option(
        name: .long, help: ArgumentHelp("A header field for every request; repeatable.", valueName: "'name: value'"))
    var header: [HeaderArgument] = []

    @Option(name: .long, help: ArgumentHelp("Certificates (PEM) to trust in place of the system's.", valueName: "file"))
    var ca: String?

    @Option(name: .long, help: ArgumentHelp("How long connecting may take.", valueName: "time"))
    var timeout = TimeArgument(seconds: 10)

    @Option(name: .long, help: ArgumentHelp("The longest line sent and message taken.", valueName: "bytes"))
    var messageLimit = 1024 * 1024

    @OptionGroup var proxies: ProxyOptions

    @Flag(name: .shortAndLong, help: "Tell of changes of the line.")
    var verbose = false

    @Flag(name: .shortAndLong, help: "Tell of nothing but the end and errors.")
    var quiet = false

    func validate() throws {
        guard timeout.amount > .zero else { throw ValidationError("--timeout must be more than nothing") }
        guard (1...1 << 30).contains(messageLimit) else {
            throw ValidationError("--message-limit must be 1 to \(1 << 30) bytes")
        }
        guard !(verbose && quiet) else { throw ValidationError("--verbose and --quiet contradict each other") }
    }

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        CharacterEncoding.useUTF8()
        let report = Report(isQuiet: quiet, isVerbose: verbose)
        let code = await Conversation(options: self, report: report).run()
        report.flush()
        if code != .done { throw ArgumentParser.ExitCode(code.rawValue) }
    }

    /// What the library is asked for.
    func configuration(line: LineState) -> ClientConfiguration {
        var configuration = ClientConfiguration()
        configuration.headerFields = header.map { ($0.name, $0.value) }
        configuration.trustedCertificates = ca
        configuration.connectTimeout = timeout.amount
        proxies.apply(to: &configuration)
        configuration.session.timeToOpen = timeout.amount
        configuration.session.messageLimit = messageLimit
        configuration.onChange = { line.changed($0) }
        return configuration
    }
}
