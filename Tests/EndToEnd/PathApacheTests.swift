import LongwireClient
import LongwireServer
import NIOCore
import TestSupport
import Testing

/// The files shipped for Apache, as they are, in a real one.
@Suite("Apache with the shipped files", .serialized, .timeLimit(.minutes(3)))
struct PathApacheTests {
    @Test("Apache understands them")
    func understood() async throws {
        let port = try FreePort.next()
        for way in [ApacheFixture.Way.fastCGI(port: port), .h2c(port: port), .webSocket(port: port)] {
            let result = try await ApacheFixture.check(way)
            #expect(result.status == .exited(0), "\(way): \(result.errors)")
        }
    }

    // R: D2, D8, D10
    @Test(
        "By either of the two ways one true transaction passes: 2,000 messages each way at once, over one connection",
        arguments: [TransportKind.duplex, .websocket])
    func oneTransaction(_ transport: TransportKind) async throws {
        let site = try await PathSite()
        let line = try await TCPCutter(target: site.httpPort)
        let apache = try await ApacheFixture(
            transport == .duplex ? .h2c(port: line.port) : .webSocket(port: line.port))
        var configuration = ClientConfiguration()
        configuration.transports = [transport]
        let session = try await Longwire.connect(apache.url("/longwire/echo"), configuration: configuration)
        async let sending: Void = { for number in 1...2_000 { try await session.send("\(number)") } }()
        var messages = session.messages.makeAsyncIterator()
        for number in 1...2_000 { #expect(try await messages.next()?.text == "\(number)") }
        try await sending
        #expect(await session.status.transport == transport)
        #expect(await session.close().kind == .closed)
        #expect(try await line.acceptedConnections == 1)
        try await eventually("the connection to longwired is closed") { try await line.openConnections == 0 }
        await site.stop()
        try await apache.stop()
    }
}
