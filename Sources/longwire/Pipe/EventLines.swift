internal import LongwireClient
internal import NIOCore

/// What happens to the session, as lines of JSON among the messages: for `--json`.
final class EventLines: Sendable {
    private let output: OutputWriter

    init(output: OutputWriter) { self.output = output }

    /// The line changed; on the session's event loop.
    func changed(_ change: SessionChange) {
        switch change {
        case .connected(let transport): post([("event", .text("connected")), ("transport", .text("\(transport)"))])
        case .reconnecting(let reason): post([("event", .text("reconnecting")), ("reason", .text(reason))])
        case .going(let code):
            post([("event", .text("going")), ("code", .number(code.rawValue)), ("name", .text("\(code)"))])
        }
    }

    /// The conversation goes on in a new session.
    func moved(to session: String) { post([("event", .text("moved")), ("session", .text(session))]) }

    /// The last line: how it came out.
    func ended(_ outcome: Outcome, _ ending: SessionEnding?) {
        var fields: [(String, JSONText.Value)] = [
            ("event", .text("ended")), ("exit", .number(UInt64(outcome.code.rawValue))),
        ]
        if let ending {
            fields += [
                ("kind", .text("\(ending.kind)")), ("code", .number(ending.code.rawValue)),
                ("name", .text("\(ending.code)")), ("reason", .text(ending.reason)),
                ("by", .text(ending.isRemote ? "server" : "client")),
                ("unacknowledged", .number(ending.unacknowledged)),
            ]
        } else {
            fields.append(("reason", .text(outcome.sentence ?? "")))
        }
        post(fields)
    }

    private func post(_ fields: [(String, JSONText.Value)]) {
        output.post(ByteBuffer(string: JSONText.object(fields) + "\n"))
    }
}
