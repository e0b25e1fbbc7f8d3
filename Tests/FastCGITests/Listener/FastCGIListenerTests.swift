import Foundation
import NIOCore
import NIOPosix
import Testing

@testable import FastCGI

@Suite struct FastCGIListenerTests {
    // R: D1
    @Test func aRequestIsServedOverTCP() async throws {
        try await TestServer.with { _, address in
            let client = try await TestClient.connect(to: address)
            try await client.send(Wire.request(body: "hello"))
            #expect(await client.closes())
            #expect(client.records.output() == "Status: 200 OK\r\n\r\nhello[GET /a?b=c]")
            #expect(client.records.ends() == [.end()])
        }
    }

    @Test func severalListenersServeAtOnceAndShareTheLimits() async throws {
        try await TestServer.withFolder { folder in
            let server = TestServer.echo { $0.maximumOpenRequests = 1 }
            try await TestServer.with(server) { _, first in
                try await TestServer.with(server, at: .unix(path: folder + "/b.sock")) { _, second in
                    let one = try await TestClient.connect(to: first)
                    try await one.send(Wire.head())
                    #expect(await eventually { server.openRequests == 1 })
                    let two = try await TestClient.connect(to: second)
                    try await two.send(Wire.head())
                    #expect(await two.ends())
                    #expect(two.records == [.end(status: 2)])
                    try await one.send(Wire.stdin())
                    #expect(await one.ends())
                    #expect(server.openRequests == 0)
                }
            }
        }
    }

    @Test func aPortInUseIsRefusedWithWhatToDo() async throws {
        try await TestServer.with { _, address in
            let port = try #require(address.port)
            let error = await fastCGIError {
                try await TestServer.with(at: .tcp(host: "127.0.0.1", port: port)) { _, _ in }
            }
            #expect(error?.code == .addressInUse)
            #expect(error?.message.contains("\(port)") == true)
        }
    }

    @Test func anAddressOfAnotherMachineIsRefused() async throws {
        let error = await fastCGIError {
            try await TestServer.with(at: .tcp(host: "192.0.2.1", port: 0)) { _, _ in }
        }
        #expect(error?.code == .invalidAddress)
    }

    @Test func peersNotInTheListAreClosedAtOnce() async throws {
        let server = TestServer.echo { $0.webServerAddresses = WebServerAddresses(parsing: "192.0.2.1") }
        try await TestServer.with(server) { _, address in
            let client = try await TestClient.connect(to: address)
            #expect(await client.closes())
            #expect(client.records.isEmpty)
        }
        let open = TestServer.echo { $0.webServerAddresses = WebServerAddresses(parsing: "192.0.2.1,127.0.0.1") }
        try await TestServer.with(open) { _, address in
            let client = try await TestClient.connect(to: address)
            try await client.send(Wire.request())
            #expect(await client.ends())
        }
    }

    @Test func aConnectionTooManyIsClosed() async throws {
        let server = TestServer.echo { $0.maximumConnections = 1 }
        try await TestServer.with(server) { _, address in
            let one = try await TestClient.connect(to: address)
            #expect(await eventually { server.openConnections == 1 })
            let two = try await TestClient.connect(to: address)
            #expect(await two.closes())
            try await one.send(Wire.request())
            #expect(await one.ends())
        }
    }

    @Test func aListeningDescriptorIsAdopted() async throws {
        try await TestServer.withFolder { folder in
            let path = folder + "/passed.sock"
            let bound = try UnixSocket(path: path, options: .init()).listen(backlog: 5)
            try await TestServer.with(at: .descriptor(bound.descriptor)) { listener, _ in
                let client = try await TestClient.connect(to: SocketAddress(unixDomainSocketPath: path))
                try await client.send(Wire.request(body: "x"))
                #expect(await client.ends())
                await listener.stopAccepting()
                #expect(FileManager.default.fileExists(atPath: path), "who made the file removes it")
            }
        }
    }

    @Test func aDescriptorThatDoesNotListenIsRefused() async throws {
        let descriptor = SystemCalls.unixSocket()
        let error = await fastCGIError { try await TestServer.with(at: .descriptor(descriptor)) { _, _ in } }
        #expect(error?.code == .notAListeningSocket)
        SystemCalls.closeDescriptor(descriptor)
    }

    @Test func withoutASocketOnDescriptorZeroTheErrorSaysHowToStart() async throws {
        let error = await fastCGIError { try await TestServer.with(at: .descriptor(0)) { _, _ in } }
        #expect(error?.code == .notAListeningSocket)
        #expect(error?.message.contains("spawn-fcgi") == true)
    }

    @Test func withoutSystemdTheErrorSaysHowToStart() async throws {
        let error = await fastCGIError { try await TestServer.with(at: .systemd()) { _, _ in } }
        #expect(error?.code == .noInheritedSocket)
    }

    @Test func stoppingLeavesOpenRequestsAndClosingDoesNot() async throws {
        let listener = try await TestServer.echo().bind(to: TestServer.loopback, on: TestServer.group)
        let address = try #require(listener.localAddress)
        let client = try await TestClient.connect(to: address)
        try await client.send(Wire.head(keep: true) + Wire.stdin(1, "a"))
        #expect(await client.has { $0.records.output().hasSuffix("a") })
        await listener.stopAccepting()
        await #expect(throws: (any Error).self) { try await TestClient.connect(to: address) }
        try await client.send(Wire.stdin(1, "b"))
        #expect(await client.has { $0.records.output().hasSuffix("b") })
        await listener.close()
        #expect(await client.closes())
    }

    @Test func aBootstrapOfOnesOwnCanCarryTheServer() async throws {
        let server = TestServer.echo()
        let channel = try await ServerBootstrap(group: TestServer.group)
            .childChannelInitializer { server.configure($0) }
            .bind(host: "127.0.0.1", port: 0).get()
        let client = try await TestClient.connect(to: #require(channel.localAddress))
        try await client.send(Wire.request(body: "x"))
        #expect(await client.ends())
        try await channel.close()
    }

    @Test func theAnswerToARequestThatIsRefusedEarlyArrivesThoughTheRestOfItIsNotRead() async throws {
        try await TestServer.with { _, address in
            let client = try await TestClient.connect(to: address)
            let flood = (0..<20).flatMap { _ in Wire.params(1, [UInt8](repeating: 0, count: 60000)) }
            try? await client.send(Wire.begin() + flood)
            #expect(await client.ends())
            #expect(client.records.output().hasPrefix("Status: 431"))
            await client.close()
        }
    }

    @Test func theConnectionsEndsAreKnown() async throws {
        let info = LockedBox<FastCGIConnectionInfo>()
        let server = FastCGIServer(configuration: .init(), logger: .silent) { request, head, parameters in
            info.value = request.connection
            return TestHandler(request, head, parameters, react: echo)
        }
        try await TestServer.with(server) { _, address in
            let client = try await TestClient.connect(to: address)
            try await client.send(Wire.request())
            #expect(await client.ends())
            #expect(info.value?.isLoopbackTCP == true)
            #expect(info.value?.isUnixSocket == false)
            #expect(info.value?.localAddress == address)
        }
        try await TestServer.withFolder { folder in
            try await TestServer.with(server, at: .unix(path: folder + "/c.sock")) { _, address in
                let client = try await TestClient.connect(to: address)
                try await client.send(Wire.request())
                #expect(await client.ends())
                #expect(info.value?.isUnixSocket == true)
                #expect(info.value?.isLoopbackTCP == false)
            }
        }
    }
}
