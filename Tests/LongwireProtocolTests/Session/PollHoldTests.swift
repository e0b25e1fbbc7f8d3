import NIOCore
import Testing

@testable import LongwireProtocol

/// The parameter `hold`: a client that may not keep a connection is answered at once.
struct PollHoldTests {
    private func open(_ hold: String?, instance: SessionInstance? = nil) -> OpenFrame {
        OpenFrame(
            transport: .poll, path: 1, identifier: FrameSamples.identifier, token: FrameSamples.token,
            instance: instance, using: 1, received: 0, limit: 1 << 18,
            parameters: hold.map { [Parameter("hold", $0)] } ?? [])
    }

    /// How long, in milliseconds, a server holds the request after the first one, where nothing is to be said.
    private func held(_ hold: String?) -> Int64? {
        var now = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
        var server = SessionMachine(
            role: .server, configuration: SessionConfiguration(), identifier: FrameSamples.identifier,
            token: FrameSamples.token, instance: FrameSamples.instance, now: now)
        guard server.attach(open(hold), now: now) == .attached else { return nil }
        server.requestHeld(1, on: 1, now: now)
        guard server.nextAnswer(on: 1, now: now) != nil else { return nil }
        guard server.attach(open(hold, instance: FrameSamples.instance), now: now) == .attached else { return nil }
        server.requestHeld(2, on: 1, now: now)
        let start = now
        while now < start + .seconds(60) {
            if server.nextAnswer(on: 1, now: now) != nil { return (now - start).nanoseconds / 1_000_000 }
            guard let deadline = server.nextDeadline(now: now) else { return nil }
            now = max(now, deadline)
            server.deadlineReached(now: now)
        }
        return nil
    }

    // R: B3
    @Test func theServerHoldsARequestNoLongerThanTheClientWants() {
        #expect(held("0") == 0)
        #expect(held("700") == 700)
        #expect(held(nil) == 15_000)
        #expect(held("99999") == 15_000)
        #expect(held("soon") == 15_000)
    }
}
