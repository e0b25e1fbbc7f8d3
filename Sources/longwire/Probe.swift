internal import ArgumentParser
internal import Foundation
internal import LongwireClient
internal import NIOCore

/// The command `longwire probe URL`.
struct Probe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Finds out what the way to a servlet lets pass.",
        discussion: """
            Opens a session over each transport, measures it and closes it again; the servlet gets no message.
            Exit codes: 0 when some transport works, else as those of connect.
            """)

    @Argument(help: "Where any servlet is, http or https.")
    var url: String

    @Flag(name: .long, help: "Print one line of JSON.")
    var json = false

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Also leave lines idle for so long, to see what is cut; 5m is long enough for most.",
            valueName: "time"))
    var long: TimeArgument?

    @Option(
        name: .long, help: ArgumentHelp("A header field for every request; repeatable.", valueName: "'name: value'"))
    var header: [HeaderArgument] = []

    @Option(name: .long, help: ArgumentHelp("Certificates (PEM) to trust in place of the system's.", valueName: "file"))
    var ca: String?

    @Option(name: .long, help: ArgumentHelp("How long connecting may take.", valueName: "time"))
    var timeout = TimeArgument(seconds: 10)

    @OptionGroup var transports: TransportOptions
    @OptionGroup var proxies: ProxyOptions
    @OptionGroup var identity: IdentityOptions

    func validate() throws {
        guard timeout.amount > .zero else { throw ValidationError("--timeout must be more than nothing") }
        guard ca == nil || identity.pin.isEmpty else {
            throw ValidationError("--ca and --pin contradict each other; choose one")
        }
    }

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        CharacterEncoding.useUTF8()
        if let advice = proxies.advice { Self.say(advice) }
        let outcome = await probe()
        if let sentence = outcome.sentence { Self.say(sentence) }
        if outcome.code != .done { throw ArgumentParser.ExitCode(outcome.code.rawValue) }
    }

    private static func say(_ sentence: String) {
        Descriptor.write(Array("longwire: \(Printable.line(sentence))\n".utf8), to: STDERR_FILENO)
    }

    private func probe() async -> Outcome {
        var configuration = ClientConfiguration()
        configuration.headerFields = header.map { ($0.name, $0.value) }
        configuration.trustedCertificates = ca
        configuration.connectTimeout = timeout.amount
        configuration.session.timeToOpen = timeout.amount
        transports.apply(to: &configuration)
        proxies.apply(to: &configuration)
        identity.apply(to: &configuration)
        do {
            let report = try await Longwire.probe(url, configuration: configuration, watching: long?.amount ?? .zero)
            let text = json ? try ProbeJSON(report).text : ProbeTable(report).text
            Descriptor.write(Array(text.utf8), to: STDOUT_FILENO)
            return Outcome(report.chosen == nil ? .notReachable : .done)
        } catch {
            return Outcome(error)
        }
    }
}
