import NIOCore
import Testing

@testable import LongwireProtocol

/// Bundles of `poll` and of the uplinks of `stream`: what makes one, and what is waited for.
struct BundleTests {
    /// A client and a server joined by requests, each of which arrives when the test says so.
    private final class Pair {
        var client: SessionMachine
        var server: SessionMachine
        var now = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
        let path: UInt64

        /// Over `poll`, used, with no request under way.
        init(_ client: SessionConfiguration, _ server: SessionConfiguration) {
            self.client = SessionMachine(
                role: .client, configuration: client, identifier: FrameSamples.identifier,
                token: FrameSamples.token, now: now)
            self.server = SessionMachine(
                role: .server, configuration: server, identifier: FrameSamples.identifier,
                token: FrameSamples.token, instance: FrameSamples.instance, now: now)
            path = self.client.openPath(.poll, now: now) ?? 0
            // The sole attempt says at once that it is used.
            guard let request = request() else { return }
            arrive(request)
            answerAll()
        }

        func request() -> SessionMachine.Bundle? { client.nextRequest(on: path, now: now) }
        func answer() -> SessionMachine.Bundle? { server.nextAnswer(on: path, now: now) }

        func arrive(_ request: SessionMachine.Bundle) {
            for frame in BundleTests.frames(request) {
                if case .open(let open) = frame {
                    _ = server.attach(open, now: now)
                } else {
                    server.frameReceived(frame, on: path, now: now)
                }
            }
            server.requestHeld(request.transaction, on: path, now: now)
        }

        func answerAll() {
            while let answer = answer() {
                for frame in BundleTests.frames(answer) { client.frameReceived(frame, on: path, now: now) }
                client.requestAnswered(answer.transaction, on: path, now: now)
            }
        }

        /// The request that says that the path is used is answered, when its hold time is over: none is outstanding.
        func settle() {
            guard let request = request() else { return }
            arrive(request)
            wait(.seconds(15))
            answerAll()
        }

        func serverSays(_ texts: String...) -> Bool {
            for text in texts { guard server.offer(Message(text)) else { return false } }
            return true
        }

        func clientSays(_ texts: String...) -> Bool {
            for text in texts { guard client.offer(Message(text)) else { return false } }
            return true
        }

        func nextDeadlines() -> (client: NIODeadline?, server: NIODeadline?) {
            (client.nextDeadline(now: now), server.nextDeadline(now: now))
        }

        /// Whether the client is advised to come to its end, in what it has heard since it was asked last.
        func isAdvised() -> Bool {
            var isAdvised = false
            while let event = client.nextEvent() { if event == .going(.goingAway) { isAdvised = true } }
            return isAdvised
        }

        /// Whether a request is to be cancelled.
        func hasDead() -> Bool { client.nextDeadRequest(on: path) != nil }
        var isAttached: Bool { client.isAttached }

        func wait(_ time: TimeAmount) {
            now = now + time
            client.deadlineReached(now: now)
            server.deadlineReached(now: now)
        }
    }

    /// One machine, whose answers can be asked for in an expectation.
    private final class One {
        var machine: SessionMachine
        let now: NIODeadline

        init(_ machine: consuming SessionMachine, now: NIODeadline) {
            self.machine = machine
            self.now = now
        }

        func ask(_ open: OpenFrame, _ transaction: UInt64) -> Bool {
            defer { machine.requestHeld(transaction, on: 1, now: now) }
            return machine.attach(open, now: now) == .attached
        }

        func answered() -> UInt64? { machine.nextAnswer(on: 1, now: now)?.transaction }
        /// The messages in the next request; -1 where there is none.
        func request(on path: UInt64) -> Int { BundleTests.texts(machine.nextRequest(on: path, now: now)) }
    }

    private static func frames(_ bundle: SessionMachine.Bundle) -> [Frame] {
        var decoder = FrameDecoder()
        decoder.append(bundle.body)
        var frames: [Frame] = []
        while let frame = (try? decoder.next()) ?? nil { frames.append(frame) }
        return frames
    }

    private static func texts(_ bundle: SessionMachine.Bundle?) -> Int {
        bundle.map { frames($0).count { if case .numbered = $0 { true } else { false } } } ?? -1
    }

    private static func configuration(_ change: (inout SessionConfiguration) -> Void) -> SessionConfiguration {
        var configuration = SessionConfiguration()
        change(&configuration)
        return configuration
    }

    // R: B3, B8
    @Test("A server's answer waits for a bundle's messages, or for the delay, whichever is first")
    func serverGathers() throws {
        let gathering = Self.configuration {
            $0.bundleDelay = .milliseconds(100)
            $0.bundleMessages = 3
        }
        var pair = Pair(SessionConfiguration(), gathering)
        pair.arrive(try #require(pair.request()))
        #expect(pair.serverSays("one"))
        #expect(pair.answer() == nil)
        #expect(try #require(pair.nextDeadlines().server) <= pair.now + .milliseconds(100))
        pair.wait(.milliseconds(99))
        #expect(pair.answer() == nil)
        pair.wait(.milliseconds(1))
        #expect(Self.texts(pair.answer()) == 1)

        pair = Pair(SessionConfiguration(), gathering)
        pair.arrive(try #require(pair.request()))
        #expect(pair.serverSays("one", "two"))
        #expect(pair.answer() == nil)
        #expect(pair.serverSays("three"))
        #expect(Self.texts(pair.answer()) == 3)

        pair = Pair(SessionConfiguration(), SessionConfiguration())
        pair.arrive(try #require(pair.request()))
        #expect(pair.serverSays("at once"))
        #expect(Self.texts(pair.answer()) == 1, "by default nothing is waited for")
    }

    // R: B2, B8
    @Test("A client's request waits for a bundle's messages, or for the delay, whichever is first")
    func clientGathers() throws {
        let gathering = Self.configuration {
            $0.bundleDelay = .milliseconds(100)
            $0.bundleMessages = 3
        }
        var pair = Pair(gathering, SessionConfiguration())
        pair.settle()
        #expect(pair.request() == nil, "nothing is outstanding, and the delay has just begun")
        #expect(pair.clientSays("one"))
        #expect(pair.request() == nil)
        #expect(try #require(pair.nextDeadlines().client) <= pair.now + .milliseconds(100))
        pair.wait(.milliseconds(100))
        #expect(Self.texts(pair.request()) == 1)

        pair = Pair(gathering, SessionConfiguration())
        pair.settle()
        #expect(pair.request() == nil)
        #expect(pair.clientSays("one", "two", "three"))
        #expect(Self.texts(pair.request()) == 3)

        pair = Pair(SessionConfiguration(), SessionConfiguration())
        #expect(Self.texts(pair.request()) == 0, "by default the next request goes at once")
    }

    // R: B3, B8
    @Test("A server holds so many requests as it is told, and answers the oldest when there are more")
    func requestsHeld() throws {
        let now = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
        for most in 2...3 {
            let server = One(
                SessionMachine(
                    role: .server, configuration: Self.configuration { $0.pollRequests = most },
                    identifier: FrameSamples.identifier, token: FrameSamples.token, instance: FrameSamples.instance,
                    now: now), now: now)
            var open = OpenFrame(
                transport: .poll, path: 1, identifier: FrameSamples.identifier, token: FrameSamples.token,
                instance: nil, using: 1, received: 0, limit: 1 << 18)
            #expect(server.ask(open, 1))
            #expect(server.answered() == 1)
            open.instance = FrameSamples.instance
            for number in 1...most {
                #expect(server.answered() == nil)
                #expect(server.ask(open, UInt64(number) + 1))
            }
            #expect(server.answered() == 2)
            #expect(server.answered() == nil)
        }
    }

    // R: B2, B8
    @Test("What a request carried goes again after the repeat time that was configured")
    func repeats() throws {
        let pair = Pair(Self.configuration { $0.repeatTime = .milliseconds(300) }, SessionConfiguration())
        #expect(pair.clientSays("lost"))
        #expect(Self.texts(pair.request()) == 1)
        pair.wait(.milliseconds(299))
        #expect(!pair.hasDead())
        pair.wait(.milliseconds(2))
        #expect(pair.hasDead())
        #expect(Self.texts(pair.request()) == 1)
    }

    // R: B5, B8
    @Test("The path is given up after so many unanswered requests as were configured")
    func unanswered() throws {
        for limit in [1, 3] {
            let pair = Pair(
                Self.configuration {
                    $0.unansweredLimit = limit
                    $0.repeatTime = .milliseconds(100)
                }, SessionConfiguration())
            #expect(pair.clientSays("lost"))
            for round in 1...limit {
                #expect(pair.isAttached, "round \(round) of \(limit)")
                #expect(pair.request() != nil)
                pair.wait(.seconds(1))
                while pair.hasDead() {}
            }
            #expect(!pair.isAttached)
        }
    }

    // R: B3, B8
    @Test("A client that wants its requests held for less says so")
    func clientHold() throws {
        for (hold, said) in [(TimeAmount.seconds(5), "5000" as String?), (.seconds(15), nil)] {
            let pair = Pair(Self.configuration { $0.pollHold = hold }, SessionConfiguration())
            let request = try #require(pair.request())
            guard case .open(let open) = Self.frames(request).first else {
                Issue.record("no OPEN")
                continue
            }
            #expect(open.parameters.first { $0.key == "hold" }?.value == said)
        }
    }

    // R: B2
    @Test("On stream, while a request is under way, a bundle's messages make another")
    func uplinks() throws {
        var client = SessionMachine(
            role: .client, configuration: SessionConfiguration(), identifier: FrameSamples.identifier,
            token: FrameSamples.token, now: .uptimeNanoseconds(1))
        let now = NIODeadline.uptimeNanoseconds(2)
        let opened = client.openPath(.stream, now: now)
        let path = try #require(opened)
        var control = ByteBuffer()
        _ = client.transmit(on: path, control: &control, maxBytes: 0, now: now)
        client.frameReceived(
            .opened(
                OpenedFrame(
                    identifier: FrameSamples.identifier, instance: FrameSamples.instance, received: 0,
                    limit: 1 << 18, allowance: AllowanceLimit(bytes: 65_536, pieces: 64), heartbeat: 15_000,
                    resumeTime: 60_000, greatestAge: 0, greatestSize: 0)), on: path, now: now)
        let one = One(client, now: now)
        #expect(one.request(on: path) == 0, "the one that says that the path is used")
        for number in 1...9 { _ = one.machine.offer(Message("\(number)")) }
        #expect(one.request(on: path) == -1, "none")
        _ = one.machine.offer(Message("10"))
        #expect(one.request(on: path) == 10)
    }

    @Test("Rule 14: GOING is answered at once, and comes in every answer, since any of them may be lost")
    func going() throws {
        let pair = Pair(SessionConfiguration(), SessionConfiguration())
        let first = try #require(pair.request())
        pair.arrive(first)
        #expect(pair.answer() == nil)
        pair.server.going(code: .goingAway)
        #expect(pair.answer() != nil)
        // That answer is lost; the next request is held until its time is over.
        pair.client.requestFailed(first.transaction, on: pair.path, now: pair.now)
        pair.wait(.milliseconds(50))
        let second = try #require(pair.request())
        #expect(!pair.isAdvised())
        pair.arrive(second)
        pair.wait(.seconds(15))
        pair.answerAll()
        #expect(pair.isAdvised())
        // Once is enough for the application.
        let third = try #require(pair.request())
        pair.arrive(third)
        pair.wait(.seconds(15))
        pair.answerAll()
        #expect(!pair.isAdvised())
    }

    @Test(
        "A client that wishes for checksums has them when the server agrees, and only then", arguments: [true, false])
    func checksumAgreed(_ agrees: Bool) throws {
        let now = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
        var client = SessionMachine(
            role: .client, configuration: SessionConfiguration(), identifier: FrameSamples.identifier,
            token: FrameSamples.token, checksum: true, now: now)
        let opened = client.openPath(.duplex, now: now)
        let path = try #require(opened)
        var control = ByteBuffer()
        _ = client.transmit(on: path, control: &control, maxBytes: 0, now: now)
        var decoder = FrameDecoder()
        decoder.append(control)
        guard case .open(let open) = try decoder.next() else { throw FrameError.incomplete }
        #expect(open.parameters.contains(Parameter(Parameter.checksum, Parameter.crc32c)))
        client.frameReceived(
            .opened(
                OpenedFrame(
                    identifier: FrameSamples.identifier, instance: FrameSamples.instance, received: 0,
                    limit: 1 << 18, allowance: AllowanceLimit(bytes: 65_536, pieces: 64), heartbeat: 15_000,
                    resumeTime: 60_000, greatestAge: 0, greatestSize: 0,
                    parameters: agrees ? [Parameter(Parameter.checksum, Parameter.crc32c)] : [])),
            on: path, now: now)
        let isAgreed = client.checksum
        #expect(isAgreed == agrees)
        _ = client.offer(Message("hello"))
        control.clear()
        let sent = client.transmit(on: path, control: &control, maxBytes: 1 << 16, now: now)
        let data = try #require(sent)
        decoder = FrameDecoder(checksum: agrees)
        decoder.append(data)
        guard case .numbered(let frame) = try decoder.next(), case .text(let text) = frame.content else {
            throw FrameError.incomplete
        }
        #expect(String(buffer: text) == "hello")
    }
}
