import LongwireClient
import LongwireProtocol
import NIOCore
import NIOConcurrencyHelpers
import TestSupport
import Testing

/// Clients and lines that are slow, silent or too much.
@Suite struct BadInputPeerTests {
    // R: D5, D9
    @Test func aMessageAboveTheLimitEndsItsSessionAndNamesTheLimit() async throws {
        let site = try await BadInputSite()
        for port in site.ports {
            let session = try await Longwire.connect(site.url("echo", port: port))
            let sending = Task { try await session.send(ByteBuffer(repeating: 7, count: 1024 * 1024 + 1)) }
            let ending = await session.ending
            #expect(ending.kind == .aborted && ending.code == .tooLarge && ending.isRemote, "\(ending)")
            #expect(ending.reason == "a message is larger than the limit of 1048576 bytes")
            _ = await sending.result

            let fits = try await Longwire.connect(site.url("echo", port: port))
            try await fits.send(ByteBuffer(repeating: 7, count: 1024 * 1024))
            var messages = fits.messages.makeAsyncIterator()
            #expect(try await messages.next()?.payload.readableBytes == 1024 * 1024)
            await fits.close()
        }
        try await site.expectUndisturbed()
    }

    // R: D9
    @Test func aHeadThatComesSlowlyCostsAConnectionAndNoMore() async throws {
        let site = try await BadInputSite { $0.httpDirectives = "client_header_timeout 1s;" }
        var connections: [BadInputConnection] = []
        for port in site.ports {
            for _ in 0..<10 {
                let connection = try BadInputConnection(port: port)
                try await connection.send("POST /longwire/echo HTTP/1.1\r\nHost: 127.0.")
                connections.append(connection)
            }
        }
        try await site.expectUndisturbed("while they are slow")
        for connection in connections {
            let answer = BadInputAnswer(try await connection.takeToEnd())
            #expect(answer.status == 0 || answer.status == 408, "\(answer)")
        }
        try await site.expectUndisturbed("after they were closed")
    }

    // R: D3, D9
    @Test func clientsThatNeverReadHoldNoMoreThanTheirWindows() async throws {
        let site = try await BadInputSite()
        for port in site.ports {
            let before = site.longwired.residentMemory()
            var silent: [BadInputTransaction] = []
            let count = 20
            for _ in 0..<count {
                var open = BadInputIdentity().open()
                // Endless credit, and nothing is ever acknowledged.
                open.limit = VarInt.maximum
                let transaction = try await BadInputTransaction.opened(port: port, open, receiveBuffer: 4096)
                silent.append(transaction)
                // As much as the window takes; the echo of it finds nobody who reads.
                for number in 1...15 as ClosedRange<UInt64> {
                    try await transaction.send(
                        .numbered(
                            NumberedFrame(
                                number: number, content: .message(ByteBuffer(repeating: 1, count: 16 * 1024)))))
                }
            }
            try await site.expectUndisturbed("while \(count) do not read")
            // A window and a send buffer each, and what the allocator keeps.
            let growth = site.longwired.residentMemory() - before
            #expect(growth < count * 2 * 256 * 1024 * 2, "\(growth) bytes for \(count) sessions")
            #expect(try await site.sessions().count >= count)
            for transaction in silent { transaction.connection.close() }
        }
        try await site.expectUndisturbed()
    }

    // R: D9
    @Test func whoSendsBeyondItsCreditIsEndedAndNotBuffered() async throws {
        let site = try await BadInputSite()
        for port in site.ports {
            var open = BadInputIdentity().open()
            open.limit = 0
            let transaction = try await BadInputTransaction.opened(port: port, open)
            // The echo has no credit, so nothing is taken once its buffer is full, and the window with it.
            let bytes = ByteBuffer(repeating: 1, count: 16 * 1024)
            var abort: AbortFrame?
            for number in 1...40 as ClosedRange<UInt64> where abort == nil {
                try await transaction.send(.numbered(NumberedFrame(number: number, content: .message(bytes))))
                // One piece at a time: nginx forgets what it cannot pass on at once.
                try await transaction.send([0x06, 0x00])
                let answer = try await transaction.next("PONG or ABORT") { frame -> Frame? in
                    switch frame {
                    case .pong, .abort: frame
                    default: nil
                    }
                }
                if case .abort(let frame) = answer { abort = frame }
            }
            #expect(
                abort?.code == .protocolError && abort?.reason == "a frame beyond the credit granted", "\(abort as Any)"
            )
        }
        try await site.expectUndisturbed()
    }

    // R: D11, D4
    @Test func aHalfOpenLineIsLeftAfterSilenceAndTheSessionResumes() async throws {
        let site = try await BadInputSite(["--heartbeat", "200ms", "--resume-time", "60s"])
        for port in site.ports {
            let cutter = try await TCPCutter(target: port)
            let record = BadInputChanges()
            var configuration = ClientConfiguration()
            configuration.onChange = { change in record.changes.withLockedValue { $0.append(change) } }
            let session = try await Longwire.connect(site.url("echo", port: cutter.port), configuration: configuration)
            var messages = session.messages.makeAsyncIterator()
            try await session.send("before")
            #expect(try await messages.next()?.text == "before")

            for direction in TCPCutter.Direction.allCases { try await cutter.pause(direction) }
            let identifier = "\(session.identifier)"
            try await eventually("the server notices the silence") {
                try await site.sessions().contains { $0.contains(identifier) && $0.contains("\"transport\":null") }
            }
            try await session.send("meanwhile")
            try await eventually("the client notices the silence") {
                record.changes.withLockedValue { changes in
                    changes.contains { if case .reconnecting = $0 { true } else { false } }
                }
            }
            for direction in TCPCutter.Direction.allCases { try await cutter.resume(direction) }
            #expect(try await messages.next()?.text == "meanwhile")
            try await session.send("after")
            #expect(try await messages.next()?.text == "after")
            #expect(await session.close().kind == .closed)
        }
        try await site.expectUndisturbed()
    }

    // R: D11, D4
    @Test func aHalfOpenLineEndsTheSessionWhenNobodyComesBackInTime() async throws {
        let site = try await BadInputSite(["--heartbeat", "200ms", "--resume-time", "500ms"])
        let cutter = try await TCPCutter(target: site.nginx.port)
        let session = try await Longwire.connect(site.url("echo", port: cutter.port))
        try await session.send("before")
        var messages = session.messages.makeAsyncIterator()
        #expect(try await messages.next()?.text == "before")
        for direction in TCPCutter.Direction.allCases { try await cutter.pause(direction) }
        let ending = await session.ending
        #expect(ending.kind == .lost && ending.code == .expired, "\(ending)")
        let identifier = "\(session.identifier)"
        try await eventually("the server forgets the session") {
            try await !site.sessions().contains { $0.contains(identifier) }
        }
        try await site.expectUndisturbed()
    }
}
