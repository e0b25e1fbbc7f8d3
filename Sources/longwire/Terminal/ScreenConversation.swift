internal import Foundation
internal import LongwireClient
internal import NIOCore

/// Talks with a person: what is typed goes out, what arrives is shown above the line being typed.
struct ScreenConversation: Sendable {
    let session: SessionSeries
    let options: Connect
    let line: LineState
    let inbox: ScreenInbox
    let report: Report
    let interruption: Interruption
    private let queue: TypedQueue
    private let files = FileTransfers()

    init(
        session: SessionSeries, options: Connect, line: LineState, inbox: ScreenInbox, report: Report,
        interruption: Interruption
    ) {
        self.session = session
        self.options = options
        self.line = line
        self.inbox = inbox
        self.report = report
        self.interruption = interruption
        queue = TypedQueue { inbox.post(.room) }
    }

    func run() async -> Outcome {
        TerminalModes.save()
        let ended = DispatchGroup()
        ended.enter()
        let setup = setup()
        Thread.detachNewThread {
            Screen(setup).run()
            TerminalModes.restore()
            ended.leave()
        }
        if isatty(STDERR_FILENO) == 1 {
            report.show(
                on: Report.Screen(
                    show: { [inbox] line, isTrace in
                        inbox.post(.text(ScreenText(text: line, style: isTrace ? .trace : .notice)))
                    }, isFull: { [inbox] in inbox.isFull }))
        }
        report.note("connected to \(server); /quit or Ctrl-D ends, /help tells more")
        let showing = Task { await showStatus() }
        let sending = Task { await send() }
        await receive()
        // The other side has ended: so do we.
        session.beginClose()
        let ending = await session.ending
        showing.cancel()
        queue.finish()
        await sending.value
        report.show(on: nil)
        inbox.post(.stop)
        await withCheckedContinuation { continuation in
            ended.notify(queue: .global()) { continuation.resume() }
        }
        var outcome = Outcome(ending)
        if let failure = session.failure {
            outcome = Outcome(.closedWithCode, "the server went away, and none took its place: \(failure)")
        }
        return outcome
    }

    private func setup() -> Screen.Setup {
        let environment = ProcessInfo.processInfo.environment
        return Screen.Setup(
            inbox: inbox, typed: { typed($0) }, isFull: { [queue] in queue.isFull },
            isColoured: options.color.isOn(noColor: environment["NO_COLOR"]), remembers: options.history != false,
            history: HistoryFile(wish: options.history, environment: environment))
    }

    /// The URL without its query, which may hold what others should not see over a shoulder.
    private var server: String {
        let url = options.url
        let place = url.firstRange(of: "://").map { url[$0.upperBound...] } ?? url[...]
        return Printable.line(String(place.prefix { $0 != "?" && $0 != "#" }))
    }

    // MARK: In

    private func receive() async {
        do {
            var isFirst = true
            for try await event in session.events {
                switch event {
                case .began(let session):
                    if !isFirst { line.moved(to: "\(session.identifier)") }
                    isFirst = false
                case .message(let message):
                    let time = options.times ? Self.time() : ""
                    await inbox.show(ScreenText(text: Printable.message(message), style: .arrived, time: time))
                case .ended: break
                }
            }
        } catch {
            // How the session ended is asked for by itself.
        }
    }

    /// The time of day, as people here read it.
    private static func time() -> String {
        var (seconds, parts) = (Foundation.time(nil), tm())
        localtime_r(&seconds, &parts)
        func two(_ number: Int32) -> String { (number < 10 ? "0" : "") + String(number) }
        return "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))"
    }

    // MARK: Out

    /// On the screen's thread.
    private func typed(_ typed: Screen.Typed) {
        switch typed {
        case .line(let text, let isPasted):
            guard !isPasted, let command = TypedLine(text) else { return queue.add(.text(text)) }
            switch command {
            case .message(let text): queue.add(.text(text))
            case .quit: queue.add(.quit)
            case .send(let name): queue.add(.file(name))
            case .status:
                Task {
                    say(
                        StatusText.sentence(await session.status, line: line)
                            + ", session \(session.session.identifier)")
                }
            case .help, .unknown: for sentence in command.explanation { say(sentence) }
            }
        case .endOfLine: queue.add(.quit)
        case .hungUp: interruption.received(SIGHUP)
        }
    }

    private func say(_ sentence: String) {
        inbox.post(.text(ScreenText(text: "longwire: " + Printable.line(sentence), style: .notice)))
    }

    /// Sends what was typed, in order, until the queue is finished; what finds no session any more is told.
    private func send() async {
        var unsent = 0
        while let item = await queue.next() {
            switch item {
            case .text(let text):
                do {
                    try await session.send(text)
                    files.sent(text.utf8.count)
                } catch {
                    unsent += 1
                    if unsent <= 10 { say("not sent: \(text)") }
                }
            case .file(let name): await sendFile(name)
            case .quit:
                line.closing()
                session.beginClose()
            }
        }
        if unsent > 10 { say("and \(unsent - 10) more lines were not sent") }
    }

    private func sendFile(_ path: String) async {
        do {
            let file = try await Self.read(path, limit: options.messageLimit)
            files.began(file.name, size: file.bytes.readableBytes)
            do {
                try await session.send(file.bytes)
                files.taken()
            } catch {
                files.failed()
                say("not sent: \(path)")
            }
        } catch {
            say("\(error)")
        }
    }

    /// Reads a file on a thread that may wait for the disk.
    private static func read(_ path: String, limit: Int) async throws -> FileToSend {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(with: Result { try FileToSend(path, limit: limit) })
            }
        }
    }

    // MARK: The status row

    /// Keeps the status row true; it is drawn only when it changed.
    private func showStatus() async {
        var shown = ""
        while !Task.isCancelled {
            let status = await session.status
            let transfers = files.compare(unsent: Int(clamping: status.unacknowledged + status.waiting))
            for file in transfers.arrived { say("sent \(file)") }
            let text = StatusText.row(status, line: line, file: transfers.text, server: server)
            if text != shown { inbox.post(.status(text, isAlarming: line.isReconnecting)) }
            shown = text
            do { try await Task.sleep(for: .milliseconds(250)) } catch { return }
        }
    }
}
