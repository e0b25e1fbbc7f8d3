internal import Foundation
internal import LongwireClient
internal import NIOCore

/// Talks with a person: what is typed goes out, what arrives is shown above the line being typed.
struct ScreenConversation {
    let session: Session
    let url: String
    let line: LineState
    let inbox: ScreenInbox
    let report: Report
    let interruption: Interruption

    func run() async -> Outcome {
        let (typed, typing) = AsyncStream<Screen.Typed>.makeStream()
        TerminalModes.save()
        let ended = DispatchGroup()
        ended.enter()
        Thread.detachNewThread { [inbox] in
            Screen(inbox: inbox, typing: typing).run()
            TerminalModes.restore()
            ended.leave()
        }
        if isatty(STDERR_FILENO) == 1 { report.show { [inbox] in inbox.post(.text($0)) } }
        report.note("connected to \(server); /quit or Ctrl-D ends, /help tells more")
        let showing = Task { await showStatus() }
        let sending = Task { await send(typed) }
        await receive()
        // The other side has ended: so do we.
        session.beginClose()
        let ending = await session.ending
        showing.cancel()
        sending.cancel()
        report.show(on: nil)
        inbox.post(.stop)
        await withCheckedContinuation { continuation in
            ended.notify(queue: .global()) { continuation.resume() }
        }
        return Outcome(ending)
    }

    /// The URL without its query, which may hold what others should not see over a shoulder.
    private var server: String {
        let place = url.firstRange(of: "://").map { url[$0.upperBound...] } ?? url[...]
        return Printable.line(String(place.prefix { $0 != "?" && $0 != "#" }))
    }

    private func receive() async {
        do {
            for try await message in session.messages { await inbox.show(Printable.message(message)) }
        } catch {
            // How the session ended is asked for by itself.
        }
    }

    private func send(_ typed: AsyncStream<Screen.Typed>) async {
        for await typed in typed {
            switch typed {
            case .line(let text):
                guard let command = TypedLine(text) else {
                    await send(text)
                    continue
                }
                switch command {
                case .message(let text): await send(text)
                case .quit: quit()
                case .status:
                    say(StatusText.sentence(await session.status, line: line) + ", session \(session.identifier)")
                case .help, .unknown: for sentence in command.explanation { say(sentence) }
                }
            case .endOfLine: quit()
            case .hungUp: interruption.received(SIGHUP)
            }
        }
    }

    private func say(_ sentence: String) { inbox.post(.text("longwire: " + Printable.line(sentence))) }

    private func send(_ text: String) async {
        do { try await session.send(text) } catch { say("not sent: \(text)") }
    }

    private func quit() {
        line.closing()
        session.beginClose()
    }

    /// Keeps the status row true; it is drawn only when it changed.
    private func showStatus() async {
        var shown = ""
        while !Task.isCancelled {
            let text = StatusText.row(await session.status, line: line, server: server)
            if text != shown { inbox.post(.status(text)) }
            shown = text
            do { try await Task.sleep(for: .milliseconds(250)) } catch { return }
        }
    }
}
