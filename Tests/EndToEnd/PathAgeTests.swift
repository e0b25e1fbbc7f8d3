import LongwireClient
import LongwireServer
import NIOCore
import TestSupport
import Testing

/// Nothing that watches over the start of a connection ends it later.
@Suite("Old lines", .serialized, .timeLimit(.minutes(2)))
struct PathAgeTests {
    // R: D10
    @Test(
        "A line at the built-in listeners goes on when it is older than the time to open",
        arguments: [TransportKind.tcp, .websocket, .duplex, .stream])
    func older(_ transport: TransportKind) async throws {
        let timeToOpen = TimeAmount.milliseconds(500)
        let site = try await PathSite { $0.session.timeToOpen = timeToOpen }
        let changes = FlowChanges()
        var configuration = ClientConfiguration()
        configuration.proxy = .none
        configuration.transports = [transport]
        if transport == .tcp { configuration.directTCP = DirectTCP(port: site.tcpPort) }
        configuration.onChange = { changes.note($0) }
        let session = try await Longwire.connect(
            "http://127.0.0.1:\(site.httpPort)/longwire/echo", configuration: configuration)
        try await Pace.idle(.nanoseconds(timeToOpen.nanoseconds * 3))
        try await session.send("still here")
        var messages = session.messages.makeAsyncIterator()
        #expect(try await messages.next()?.text == "still here")
        #expect(changes.breaks.isEmpty, "\(changes.breaks)")
        #expect(await session.close().kind == .closed)
        await site.stop()
    }
}
