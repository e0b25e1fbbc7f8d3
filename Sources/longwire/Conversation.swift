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
        guard !options.binary, isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else { return .pipe }
        let terminal = ProcessInfo.processInfo.environment["TERM"] ?? ""
        return terminal.isEmpty || terminal == "dumb" ? .plainTerminal : .screen
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
        let line = LineState(report: report)
        let session: Session
        do { session = try await connect(line: line) } catch {
            if let signal = interruption.lastSignal { return ExitCode(signal: signal) }
            return told(Outcome(error))
        }
        endOnSignals(session, line: line)
        let outcome: Outcome
        switch place {
        case .screen:
            outcome = await ScreenConversation(
                session: session, url: options.url, line: line, inbox: inbox, report: report,
                interruption: interruption
            ).run()
        case .plainTerminal, .pipe:
            let conversation = PipeConversation(
                session: session, line: line, report: report, interruption: interruption,
                isBinary: options.binary, isTypedByHand: place == .plainTerminal, lineLimit: options.messageLimit)
            outcome = await conversation.run()
        }
        if let signal = interruption.atOnce {
            report.note("ended at once")
            return ExitCode(signal: signal)
        }
        return told(outcome)
    }

    private func connect(line: LineState) async throws -> Session {
        let (url, configuration) = (options.url, options.configuration(line: line))
        let connecting = Task { try await Longwire.connect(url, configuration: configuration) }
        interruption.onSignal { _, _ in connecting.cancel() }
        return try await connecting.value
    }

    /// The first signal ends in good order, a second one at once; should that hang too, so does nothing after it.
    private func endOnSignals(_ session: Session, line: LineState) {
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
