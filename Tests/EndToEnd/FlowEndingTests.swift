import LongwireClient
import LongwireProtocol
import LongwireServer
import NIOCore
import Testing
import TestSupport

/// Line 3 of what must be shown: who ends a session, in which order, what is said, and that nothing is left.
@Suite("Endings", .serialized, .timeLimit(.minutes(2)))
struct FlowEndingTests {
    private struct Unexpected: Error {}

    /// A server whose sessions' remains are kept, with a tap before its nginx.
    private struct Place {
        let server: FlowServer
        let tap: FlowTap
        let remains: FlowBox<[FlowRemains]>

        init(
            over upstream: FlowUpstream = .tcp, configure: (inout MountConfiguration) -> Void = { _ in },
            body: @escaping @Sendable (Session) async throws -> Void
        ) async throws {
            let remains = FlowBox<[FlowRemains]>([])
            let servlet = FlowServlet { session in
                let these = FlowRemains(of: session)
                remains.change { $0.append(these) }
                try await body(session)
            }
            server = try await FlowServer(["end": servlet], over: upstream, configure: configure)
            tap = try await FlowTap(target: server.nginx.port)
            self.remains = remains
        }

        var url: String { "http://127.0.0.1:\(tap.port)/longwire/end" }

        /// Everything of the ended sessions is freed at the server.
        func isFreed() async throws {
            try await server.becomesEmpty()
            let remains = remains.value
            #expect(!remains.isEmpty)
            try await eventually("the server's objects are freed") {
                for these in remains where try await !these.areGone() { return false }
                return true
            }
            await server.stop()
        }
    }

    /// That texts appear in this order, other things between them.
    private func expect(
        _ steps: [String], in log: FlowLog, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        func missing() -> String? {
            var rest = log.texts[...]
            for step in steps {
                // Once the response has ended, either side may be the first to close the socket.
                let found = rest.firstIndex { $0 == step || (step == "closed" && $0.hasSuffix(" closed")) }
                guard let index = found else { return step }
                rest = rest[(index + 1)...]
            }
            return nil
        }
        try? await eventually(within: .seconds(10), "the order") { missing() == nil }
        if let step = missing() {
            Issue.record("no \"\(step)\" in its place of \(steps): \(log.texts)", sourceLocation: sourceLocation)
        }
    }

    // R: D2, D4, D9
    @Test(
        "CLOSE from the client ends the servlet, then the response, then the socket", arguments: FlowUpstream.allCases)
    func byClient(upstream: FlowUpstream) async throws {
        let log = FlowBox<FlowLog?>(nil)
        let place = try await Place(over: upstream) { session in
            for try await _ in session.messages {}
            log.value?.mark("servlet ended")
        }
        log.set(place.tap.log)
        var remains: FlowRemains?
        do {
            let client = try await FlowClient.connect(place.url)
            remains = FlowRemains(of: client.session)
            try await client.session.send("last words")
            let ending = await client.session.close(CloseCode(rawValue: 1001), reason: "enough")
            #expect(ending.kind == .closed)
            #expect(ending.code == CloseCode(rawValue: 1001))
            #expect(ending.unacknowledged == 0)
        }
        // OPENED came before the first message: the client knew that the servlet had accepted.
        try await expect(
            [
                "up OPEN", "down OPENED", "up MESSAGE", "up CLOSE 1001", "servlet ended", "down CLOSE 0", "down end",
                "closed",
            ], in: place.tap.log)
        try await place.isFreed()
        let ours = try #require(remains)
        try await eventually("the client's objects are freed") { try await ours.areGone() }
        try await eventually("one transaction") { place.server.nginx.accessLog().count == 1 }
    }

    // R: D5
    @Test("a servlet that returns closes with done; what it sent before arrives first")
    func byReturning() async throws {
        let place = try await Place { session in
            for number in 0..<100 { try await session.send(Message(number: number)) }
        }
        let client = try await FlowClient.connect(place.url)
        var count = 0
        for try await message in client.session.messages {
            #expect(message.number == count)
            count += 1
        }
        #expect(count == 100)
        let ending = await client.session.close()
        #expect(ending.kind == .closed)
        #expect(ending.code == .done)
        try await expect(["down CLOSE 0", "up CLOSE 0", "down end", "closed"], in: place.tap.log)
        try await place.isFreed()
    }

    // R: D5
    @Test("a servlet that throws its own code closes with it, and the client is told code and reason")
    func byOwnCode() async throws {
        let place = try await Place { session in
            try await session.send("so far")
            throw ServletFailure(CloseCode(rawValue: 1234), reason: "the auction is over")
        }
        let client = try await FlowClient.connect(place.url)
        var texts: [String] = []
        for try await message in client.session.messages { texts.append(message.text) }
        #expect(texts == ["so far"])
        let ending = await client.session.close()
        #expect(ending.kind == .closed)
        #expect(ending.code == CloseCode(rawValue: 1234))
        #expect(ending.reason == "the auction is over")
        #expect(ending.isRemote)
        try await expect(["down CLOSE 1234", "up CLOSE 0", "down end", "closed"], in: place.tap.log)
        try await place.isFreed()
    }

    // R: D5
    @Test("a servlet that throws anything else closes with an internal error, without telling its inside")
    func byError() async throws {
        let place = try await Place { _ in throw Unexpected() }
        let client = try await FlowClient.connect(place.url)
        for try await _ in client.session.messages {}
        let ending = await client.session.close()
        #expect(ending.code == .internalError)
        #expect(ending.isRemote)
        #expect(!ending.reason.contains("Unexpected"))
        try await expect(["down CLOSE 10", "up CLOSE 0", "down end"], in: place.tap.log)
        try await place.isFreed()
    }

    // R: D4
    @Test(
        "a client that just closes its socket is noticed at once, and its session ends when it does not come back",
        arguments: FlowUpstream.allCases)
    func bySocket(upstream: FlowUpstream) async throws {
        let told = FlowBox<String?>(nil)
        let folder = FlowBox(0)
        let place = try await Place(over: upstream) {
            // A heartbeat far longer than this test waits: only the web server's word can tell.
            $0.session.heartbeat = .seconds(60)
            $0.session.resumeTime = .milliseconds(500)
        } body: { session in
            folder.change { $0 += 1 }
            do {
                for try await _ in session.messages {}
                told.set("finished")
            } catch let ending as SessionEnding {
                told.set("\(ending.kind) \(ending.code)")
                throw ending
            }
        }
        let cutter = try await TCPCutter(target: place.tap.port)
        let client = try await FlowClient.connect("http://127.0.0.1:\(cutter.port)/longwire/end")
        try await client.session.send("here")
        try await eventually("the servlet runs") { folder.value == 1 }
        try await cutter.refuse(true)
        try await cutter.cut(.close)
        let ending = await client.session.ending
        #expect(ending.kind == .lost)
        try await place.isFreed()
        #expect(told.value == "lost expired")
    }

    // R: D4, D11
    @Test("with a resume time of zero a cut line is the end at both sides, at once")
    func cutIsEnd() async throws {
        let told = FlowBox<SessionEnding?>(nil)
        let place = try await Place {
            $0.session.heartbeat = .seconds(60)
            $0.session.resumeTime = .zero
        } body: { session in
            do { for try await _ in session.messages {} } catch let ending as SessionEnding { told.set(ending) }
        }
        let cutter = try await TCPCutter(target: place.tap.port)
        let client = try await FlowClient.connect("http://127.0.0.1:\(cutter.port)/longwire/end")
        try await client.session.send("here")
        try await eventually("one session") { place.remains.value.count == 1 }
        try await cutter.cut(.reset)
        #expect(await client.session.ending.kind == .lost)
        #expect(client.changes.list == [.connected(.duplex)])
        try await place.isFreed()
        #expect(told.value?.kind == .lost)
    }

    // R: D5
    @Test("nginx stopped for good: both sides give up after the resume time and say so")
    func byWebServer() async throws {
        let told = FlowBox<SessionEnding?>(nil)
        let place = try await Place {
            $0.session.resumeTime = .seconds(1)
        } body: { session in
            do { for try await _ in session.messages {} } catch let ending as SessionEnding { told.set(ending) }
        }
        let client = try await FlowClient.connect(place.url)
        try await client.session.send("here")
        try await eventually("one session") { place.remains.value.count == 1 }
        try await place.server.nginx.stop()
        let ending = await client.session.ending
        #expect(ending.kind == .lost)
        #expect(ending.code == .expired)
        #expect(client.changes.breaks.count == 1)
        try await place.isFreed()
        #expect(told.value?.kind == .lost)
    }
}
