import LongwireClient
import LongwireServer
import NIOCore
import TestSupport
import Testing

@Suite("A path that changes", .serialized, .timeLimit(.minutes(5)))
struct PathChangeTests {
    /// A proxy that cuts what it carries, and treats requests differently from now on.
    private struct Stage {
        var name: String
        var behaviour: FaultBehaviour
        /// What must carry the session before the next stage.
        var transport: TransportKind
        /// How often the line must have been cut.
        var breaks = 0
        /// Whether bare TCP passes as well, past the proxy.
        var isTCPOpen = false
    }

    private static var stages: [Stage] {
        var forbidden = FaultBehaviour()
        // Neither in chunks nor with a length does a request pass before it is whole.
        forbidden.refusesUnknownLength = 501
        forbidden.buffersRequests = true
        var cutting = forbidden
        cutting.cutsAfter = .seconds(1)
        var short = cutting
        short.buffersResponses = true
        return [
            Stage(name: "all allowed", behaviour: FaultBehaviour(), transport: .tcp, isTCPOpen: true),
            Stage(name: "bare TCP cut and refused", behaviour: FaultBehaviour(), transport: .duplex, breaks: 1),
            Stage(name: "one transaction both ways forbidden", behaviour: forbidden, transport: .stream),
            Stage(name: "everything cut after 1 s", behaviour: cutting, transport: .stream, breaks: 3),
            Stage(name: "only short requests", behaviour: short, transport: .poll),
            Stage(name: "all allowed again", behaviour: FaultBehaviour(), transport: .tcp, isTCPOpen: true),
        ]
    }

    // R: B4, D8, D11
    @Test("At 1,000 messages a second nothing is lost, doubled or reordered while the path changes, and it climbs back")
    func climbing() async throws {
        let site = try await PathSite()
        let nginx = try await NginxFixture(to: .tcp(port: site.fastCGIPort))
        let proxy = try await FaultProxy(target: nginx.port)
        let line = try await TCPCutter(target: site.tcpPort)
        let changes = FlowChanges()
        var configuration = ClientConfiguration()
        configuration.directTCP = DirectTCP(port: line.port)
        configuration.promotionInterval = .milliseconds(300)
        configuration.session.timeToOpen = .seconds(3)
        configuration.onChange = { changes.note($0) }
        let session = try await Longwire.connect(
            "http://127.0.0.1:\(proxy.port)/longwire/echo", configuration: configuration)
        let isOver = FlowBox(false)
        let sender = Task {
            var number = 0
            var beat = ContinuousClock.now
            while !isOver.value {
                for _ in 0..<10 {
                    number += 1
                    try await session.send(Message(number: number))
                }
                // Where the line was down, what was not sent is not made up for.
                beat = max(beat + .milliseconds(10), ContinuousClock.now - .milliseconds(100))
                try await Pace.idle(until: beat)
            }
            session.beginClose()
            return number
        }
        let received = FlowBox(0)
        let receiver = Task {
            for try await message in session.messages {
                let expected = received.value + 1
                guard message.number == expected else {
                    throw PathFailure(description: "\(message.number ?? -1) came in place of \(expected)")
                }
                received.set(expected)
            }
        }
        for stage in Self.stages {
            let (seen, broken, echoed) = (changes.list.count, changes.breaks.count, received.value)
            try await proxy.become(stage.behaviour)
            try await line.refuse(!stage.isTCPOpen)
            if !stage.isTCPOpen {
                try await line.cut()
                try await proxy.cut()
            }
            let seconds = try await flowSeconds {
                try await eventually(within: .seconds(60), "\(stage.transport) when \(stage.name)") {
                    let isCarried = await session.status.transport == stage.transport
                    return isCarried && (seen == 1 || changes.list.count > seen)
                        && changes.breaks.count >= broken + stage.breaks && received.value >= echoed + 1_000
                }
            }
            flowReport("\(stage.name): \(stage.transport), 1,000 messages and more in \(seconds.short) s")
        }
        isOver.set(true)
        let sent = try await sender.value
        try await receiver.value
        #expect(received.value == sent)
        #expect(await session.ending.kind == .closed)
        flowReport("\(sent) messages; \(changes.breaks.count) breaks; \(changes.connections) lines")
        await site.stop()
        withExtendedLifetime(nginx) {}
    }

    // R: D8
    @Test("From poll a session climbs to stream where a transaction both ways does not pass")
    func climbingHalfway() async throws {
        let site = try await PathSite()
        let apache = try await ApacheFixture(.fastCGI(port: site.fastCGIPort))
        var holding = FaultBehaviour()
        holding.buffersResponses = true
        let proxy = try await FaultProxy(target: apache.port, holding)
        var configuration = ClientConfiguration()
        configuration.promotionInterval = .milliseconds(200)
        configuration.session.timeToOpen = .seconds(1)
        let session = try await Longwire.connect(
            "http://127.0.0.1:\(proxy.port)/longwire/echo", configuration: configuration)
        #expect(await session.status.transport == .poll)
        try await proxy.become(FaultBehaviour())
        try await eventually(within: .seconds(60), "stream") { await session.status.transport == .stream }
        try await session.send("still here")
        var messages = session.messages.makeAsyncIterator()
        #expect(try await messages.next()?.text == "still here")
        #expect(await session.close().kind == .closed)
        await site.stop()
        withExtendedLifetime(apache) {}
    }

    // R: D8
    @Test("A server that wants to know the length of a body is told one, and one transaction both ways passes")
    func declaredLength() async throws {
        let site = try await PathSite()
        let server = try await PathServer.lighttpd(of: site)
        var configuration = ClientConfiguration()
        configuration.transports = [.duplex]
        let session = try await Longwire.connect(server.url(), configuration: configuration)
        #expect(await session.status.transport == .duplex)
        var messages = session.messages.makeAsyncIterator()
        for number in 1...500 {
            try await session.send("\(number)")
            #expect(try await messages.next()?.text == "\(number)")
        }
        #expect(await session.close().kind == .closed)
        await site.stop()
        withExtendedLifetime(server) {}
    }
}
