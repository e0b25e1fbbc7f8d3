import HTTPTypes
import NIOCore
import NIOHTTPTypes
import Testing

@testable import FastCGI

/// Back-pressure over real sockets: what is buffered stays within the limits however much a peer has to send or does
/// not read.
@Suite struct SlowPeerTests {
    /// Pauses its reading at once and never resumes.
    private final class DeafHandler: FastCGIRequestHandler {
        let request: FastCGIRequest
        let held: LockedBox<Int>
        let closed: LockedBox<FastCGICloseReason>

        init(_ request: FastCGIRequest, held: LockedBox<Int>, closed: LockedBox<FastCGICloseReason>) {
            self.request = request
            self.held = held
            self.closed = closed
            request.isReadingPaused = true
            self.look()
        }

        /// Notes what is held, again and again.
        private func look() {
            guard self.closed.value == nil else { return }
            self.held.value = max(self.held.value ?? 0, self.request.heldBytes)
            self.request.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(1)) { self.look() }
        }

        func received(_ part: HTTPRequestPart) {}
        func readCompleted() {}
        func writabilityChanged(_ isWritable: Bool) {}
        func closed(_ reason: FastCGICloseReason) {
            self.closed.value = reason
        }
    }

    /// Asks for what the server can do, fifty times, each time when the answer has come.
    private static func fiftyRoundTrips(to address: SocketAddress) async throws {
        let other = try await TestClient.connect(to: address)
        for count in 1...50 {
            try await other.send(Wire.record(9, 0))
            #expect(await other.has { $0.records.count >= count })
        }
        await other.close()
    }

    @Test func aSlowReaderHoldsItsLimitAndOneReadAndThePeerIsHeldUp() async throws {
        let held = LockedBox<Int>()
        let closed = LockedBox<FastCGICloseReason>()
        let sent = LockedBox<Bool>()
        let server = FastCGIServer(configuration: .init(), logger: .silent) { request, _, _ in
            DeafHandler(request, held: held, closed: closed)
        }
        // A unix socket: over TCP, the end of the connection waits behind the bytes that are not read.
        try await TestServer.withFolder { folder in
            try await TestServer.with(server, at: .unix(path: folder + "/s.sock")) { _, address in
                let client = try await TestClient.connect(to: address)
                try await client.send(Wire.head())
                let record = Wire.record(5, 1, [UInt8](repeating: 1, count: 60000))
                let all = ByteBuffer(bytes: (0..<1000).flatMap { _ in record })
                client.channel?.writeAndFlush(all).whenSuccess { sent.value = true }
                #expect(await eventually { (held.value ?? 0) >= 65536 })
                // Time in which a server without a limit would have taken all.
                try await Self.fiftyRoundTrips(to: address)
                #expect(sent.value == nil)
                // The limit, what had been read with it (at most four reads of 64 KiB), and no more.
                #expect((held.value ?? 0) <= 65536 + 4 * 65536)
                await client.close()
                #expect(await eventually { closed.value == .connectionLost })
            }
        }
    }

    /// Writes as long as it may.
    private final class Flooder: FastCGIRequestHandler {
        let request: FastCGIRequest
        let written: LockedBox<Int>
        let goal: Int
        private let piece = ByteBuffer(repeating: 88, count: 10_000)

        init(_ request: FastCGIRequest, written: LockedBox<Int>, goal: Int) {
            self.request = request
            self.written = written
            self.goal = goal
            request.write(.head(HTTPResponse(status: .ok)))
            self.fill()
        }

        private func fill() {
            while self.request.isWritable, (self.written.value ?? 0) < self.goal {
                self.request.write(.body(self.piece))
                self.written.value = (self.written.value ?? 0) + self.piece.readableBytes
            }
            if (self.written.value ?? 0) >= self.goal { self.request.write(.end(nil)) } else { self.request.flush() }
        }

        func received(_ part: HTTPRequestPart) {}
        func readCompleted() {}
        func writabilityChanged(_ isWritable: Bool) { if isWritable { self.fill() } }
        func closed(_ reason: FastCGICloseReason) {}
    }

    @Test func aPeerThatDoesNotReadHoldsUpTheWriterAndGetsEverythingLater() async throws {
        let goal = 40_000_000
        let written = LockedBox<Int>()
        let server = FastCGIServer(configuration: .init(), logger: .silent) { request, _, _ in
            Flooder(request, written: written, goal: goal)
        }
        try await TestServer.with(server) { _, address in
            let client = try await TestClient.connect(to: address)
            try await client.channel?.setOption(.autoRead, value: false).get()
            try await client.send(Wire.request())
            // It stops at what the kernel takes and the high-water mark, long before its goal.
            #expect(await eventually { (written.value ?? 0) > 100_000 })
            // It stands still: while fifty others had their answers, nothing more was written.
            var last = 0
            while let now = written.value, now != last, now < goal {
                last = now
                try await Self.fiftyRoundTrips(to: address)
            }
            #expect((1..<goal).contains(written.value ?? 0))
            try await client.channel?.setOption(.autoRead, value: true).get()
            #expect(await client.ends())
            #expect(client.records.filter { $0.type == 6 }.reduce(0) { $0 + $1.content.count } == goal + 18)
        }
    }
}
