import LongwireClient
import LongwireProtocol
import LongwireServer
import LongwireSession
import NIOCore
import TestSupport

/// What one side of a run took and how it ended.
struct ChaosRecord: Sendable {
    var taken: [Message] = []
    var sent = 0
    var ending: SessionEnding?
    /// The last number that came, and the last of its own that is covered.
    var received: UInt64 = 0
    var covered: UInt64 = 0
    var session: Session?
    /// Why the application stopped.
    var note = ""

    /// What the session looks like inside.
    static func state(of session: Session) async -> String {
        let box = ChaosBox("")
        let promise = session.eventLoop.makePromise(of: Void.self)
        session.onLoop { core in
            let text = """
                sent \(core.machine.outbox.nextNumber - 1), covered \(core.machine.outbox.covered), received \
                \(core.machine.inbox.received), has message \(core.machine.inbox.hasMessage), attached \
                \(core.machine.isAttached), transport \(core.machine.usedTransport.map { "\($0)" } ?? "none"), peer \
                closed \(core.machine.isPeerClosed), ending \(core.ending.map { "\($0)" } ?? "none"), carriers \
                \(core.carriers.all.map(\.path))
                """
            box.set(text)
            promise.succeed()
        }
        try? await promise.futureResult.get()
        return box.value
    }

    /// The numbers that the session has at its end.
    static func numbers(of session: Session) async -> (received: UInt64, covered: UInt64) {
        let promise = session.eventLoop.makePromise(of: (UInt64, UInt64).self)
        session.onLoop { promise.succeed(($0.machine.inbox.received, $0.machine.outbox.covered)) }
        return (try? await promise.futureResult.get()) ?? (0, 0)
    }
}

/// The runs under way, and what the servlet did in each.
final class ChaosLedger: Sendable {
    struct Entry: Sendable {
        var run: ChaosRun
        /// One for each call of the servlet.
        var calls: [ChaosRecord] = []
        /// The last of them.
        var server: ChaosRecord { calls.last ?? ChaosRecord() }
    }

    private let entries = ChaosBox<[String: Entry]>([:])

    func begin(_ run: ChaosRun) { entries.change { $0[run.name] = Entry(run: run) } }
    subscript(_ name: String) -> Entry? { entries.value[name] }

    @discardableResult
    func note<Result: Sendable>(_ name: String, _ body: @Sendable (inout Entry) -> Result) -> Result? {
        entries.change { entries in
            guard var entry = entries.removeValue(forKey: name) else { return nil }
            defer { entries[name] = entry }
            return body(&entry)
        }
    }

    func end(_ name: String) { entries.change { $0[name] = nil } }
}

/// The server's side of all runs.
struct ChaosServlet: Servlet {
    let ledger: ChaosLedger

    func service(_ session: Session) async throws { throw ServletFailure(.protocolError, reason: "no run") }

    func service(_ session: Session, request: SessionRequest) async throws {
        guard let name = request.query["run"], let run = ledger[name]?.run else {
            throw ServletFailure(.protocolError, reason: "unknown run")
        }
        let call = ledger.note(name) { entry in
            entry.calls.append(ChaosRecord())
            return entry.calls.count - 1
        }
        guard let call else { throw ServletFailure(.protocolError, reason: "unknown run") }
        ledger.note(name) { $0.calls[call].session = session }
        Task {
            let ending = await session.ending
            let numbers = await ChaosRecord.numbers(of: session)
            ledger.note(name) { entry in
                entry.calls[call].ending = ending
                (entry.calls[call].received, entry.calls[call].covered) = numbers
            }
        }
        if run.finish == .servletAborts {
            session.eventLoop.scheduleTask(in: run.abortAt) { session.abort(CloseCode(rawValue: 1001)) }
        }
        do {
            try await ChaosSide.talk(session, says: run.server, hears: run.client, until: limit(run)) { message in
                ledger.note(name) { $0.calls[call].taken.append(message) }
            }
        } catch {
            ledger.note(name) { $0.calls[call].note = "\(error)" }
            throw error
        }
    }

    private func limit(_ run: ChaosRun) -> Int? {
        switch run.finish {
        case .servlet: run.client.count
        case .servletEarly: 0
        default: nil
        }
    }
}

/// What both sides of a run do.
enum ChaosSide {
    /// Sends all, and takes messages until so many came; nil: to the other side's end.
    static func talk(
        _ session: Session, says: ChaosTalk, hears: ChaosTalk, until limit: Int?,
        thenClosing: Bool = false, taking: @escaping @Sendable (Message) -> Void
    ) async throws {
        async let sending: Void = send(session, says, thenClosing: thenClosing)
        var count = 0
        if limit != 0 {
            for try await message in session.messages {
                taking(message)
                count += 1
                if count == limit { break }
                if hears.takeEvery > 0 { try await Pace.idle(.milliseconds(hears.takeEvery)) }
            }
        }
        try await sending
    }

    private static func send(_ session: Session, _ talk: ChaosTalk, thenClosing: Bool) async throws {
        for number in 0..<talk.count {
            try await session.send(talk.message(number))
            if talk.sendEvery > 0 { try await Pace.idle(.milliseconds(talk.sendEvery)) }
        }
        if thenClosing { session.beginClose(CloseCode(rawValue: 1000), reason: "all said") }
    }
}
