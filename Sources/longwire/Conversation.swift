internal import Foundation
internal import LongwireClient

/// One run of the program: connects, talks in the terminal or in the pipe, and tells how it came out.
struct Conversation {
    let options: Connect
    let report: Report
    private let interruption = Interruption()

    init(options: Connect, report: Report) {
        self.options = options
        self.report = report
    }

    /// What standard input and output are.
    private enum Place {
        /// A terminal that can move its cursor.
        case screen
        /// A terminal that cannot, or shall not.
        case plainTerminal
        case pipe
    }

    private var place: Place {
        guard options.form == .lines, !options.lines, isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else {
            return .pipe
        }
        return TerminalKind.canMoveCursor ? .screen : .plainTerminal
    }

    func run() async -> ExitCode {
        let place = place
        let inbox = ScreenInbox()
        var signals = [SIGINT, SIGTERM, SIGHUP]
        if place == .screen { signals += [SIGWINCH, SIGTSTP, SIGCONT] }
        Signals.handle(signals) { [interruption] signal in
            switch signal {
            case SIGWINCH: inbox.post(.resized)
            case SIGTSTP: inbox.post(.suspended)
            case SIGCONT: inbox.post(.continued)
            default: interruption.received(signal)
            }
        }
        let output = OutputWriter(descriptor: STDOUT_FILENO)
        let events = options.json && !options.quiet ? EventLines(output: output) : nil
        let line = LineState(report: report, events: events)
        let session: SessionSeries
        do { session = try await connect(line: line, isPerson: place != .pipe) } catch {
            let signal = interruption.lastSignal
            let outcome = signal.map { Outcome(ExitCode(signal: $0)) } ?? Outcome(error)
            events?.ended(outcome, nil)
            _ = await output.finish()
            return told(outcome)
        }
        endOnSignals(session, line: line)
        let outcome: Outcome
        switch place {
        case .screen:
            outcome = await ScreenConversation(
                session: session, options: options, line: line, inbox: inbox, report: report,
                interruption: interruption
            ).run()
        case .plainTerminal, .pipe:
            let conversation = PipeConversation(
                session: session, line: line, report: report, interruption: interruption, form: options.form,
                isTypedByHand: place == .plainTerminal, limit: options.messageLimit, output: output,
                progress: Progress(report: report, isQuiet: options.quiet))
            outcome = await conversation.run { events?.ended($0, $1) }
        }
        if let signal = interruption.atOnce {
            report.note("ended at once" + outcome.doubt)
            return ExitCode(signal: signal)
        }
        return told(outcome)
    }

    private func connect(line: LineState, isPerson: Bool) async throws -> SessionSeries {
        let configuration = options.configuration(line: line, report: report, isPerson: isPerson)
        let url = options.url
        let connecting = Task { try await Longwire.follow(url, configuration: configuration) }
        interruption.onSignal { _, _ in connecting.cancel() }
        return try await connecting.value
    }

    /// The first signal ends in good order, a second one at once; should that hang too, so does nothing after it.
    private func endOnSignals(_ session: SessionSeries, line: LineState) {
        interruption.onSignal { times, signal in
            if times == 1, signal != SIGHUP {
                line.closing()
                session.beginClose()
            } else {
                session.abort(.done, reason: "interrupted")
            }
            if times > 1 || signal == SIGHUP {
                DispatchQueue.global().asyncAfter(deadline: .now() + 1) {
                    TerminalModes.restore()
                    _exit(128 + signal)
                }
            }
        }
    }

    private func told(_ outcome: Outcome) -> ExitCode {
        if let sentence = outcome.sentence { report.important(sentence) }
        return outcome.code
    }
}
