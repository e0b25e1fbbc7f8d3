import LongwireProtocol
import LongwireServer
import NIOCore
import TestSupport
import Testing

/// What a client of HTTP/2 finds: curl, which is given frames and whose output is read as frames.
@Suite("HTTP/2 from the client on", .serialized, .timeLimit(.minutes(2)))
struct PathHTTP2Tests {
    enum Front: String, CaseIterable, Sendable { case nginx, apache = "Apache" }

    /// A transaction under way.
    private struct Transaction {
        let curl: ManagedProcess
        private var decoder = FrameDecoder()
        private var taken = 0

        init(_ curl: ManagedProcess) { self.curl = curl }

        /// The next frame that is neither ACK nor PING.
        mutating func next() async throws -> Frame {
            while true {
                while let frame = try decoder.next() {
                    switch frame {
                    case .ack, .ping: continue
                    default: return frame
                    }
                }
                let known = taken
                let output = curl.output
                try await eventually("another frame") {
                    if (output?.count ?? 0) > known { return true }
                    guard curl.isRunning else { throw PathFailure(description: "curl ended: \(curl.report)") }
                    return false
                }
                let bytes = (curl.output?.bytes ?? [])[taken...]
                taken += bytes.count
                decoder.append(ByteBuffer(bytes: bytes))
            }
        }

        func write(_ frame: Frame) async throws {
            let bytes = FrameEncoder.encoded(frame)
            try await curl.write(Array(bytes.readableBytesView))
        }
    }

    // R: C3, D2, D4, D8
    @Test(
        "One transaction of HTTP/2 carries messages both ways at once, to a termination message",
        arguments: Front.allCases)
    func duplex(_ front: Front) async throws {
        let site = try await PathSite()
        let certificates = try await Certificates()
        let url: String
        let server: any Sendable
        switch front {
        case .nginx:
            var options = NginxFixture.Options(mounts: [.init(to: .tcp(port: site.fastCGIPort))])
            options.certificates = certificates
            options.http2 = true
            let nginx = try await NginxFixture(options)
            (url, server) = (nginx.tlsURL("/longwire/echo"), nginx)
        case .apache:
            let apache = try await ApacheFixture(.h2c(port: site.httpPort), certificates: certificates)
            (url, server) = ("https://localhost:\(try #require(apache.tlsPort))/longwire/echo", apache)
        }
        let identifier = SessionIdentifier.random()
        var transaction = Transaction(
            try ManagedProcess(
                "curl",
                [
                    "-sSN", "--noproxy", "*", "--cacert", certificates.authority, "--http2", "-X", "POST", "-H",
                    "Content-Type: application/vnd.longwire", "-T", ".", "-w", "%{stderr}HTTP/%{http_version}\\n",
                    "\(url)?session=\(identifier)",
                ], input: .pipe))
        try await transaction.write(
            .open(
                OpenFrame(
                    transport: .duplex, path: 1, identifier: identifier, token: .random(), instance: nil, using: 1,
                    received: 0, limit: 256 * 1024)))
        guard case .opened(let opened) = try await transaction.next() else {
            throw PathFailure(description: "no OPENED")
        }
        #expect(opened.identifier == identifier)
        for number in 1...50 as ClosedRange<UInt64> {
            let text = ByteBuffer(string: "message \(number)")
            try await transaction.write(.numbered(NumberedFrame(number: number, content: .text(text))))
            let frame = try await transaction.next()
            #expect(frame == .numbered(NumberedFrame(number: number, content: .text(text))))
        }
        try await transaction.write(.numbered(NumberedFrame(number: 51, content: .close(.done, reason: "enough"))))
        guard case .numbered(let last) = try await transaction.next(), case .close = last.content else {
            throw PathFailure(description: "no CLOSE")
        }
        // Both CLOSEs are covered: the server ends the response.
        try await transaction.write(.ack(AckFrame(received: 51, limit: 256 * 1024, extra: 1)))
        transaction.curl.closeInput()
        #expect(try await transaction.curl.waitUntilExit() == .exited(0), "\(transaction.curl.report)")
        #expect(transaction.curl.errors?.text.contains("HTTP/2") == true)
        if let nginx = server as? NginxFixture {
            try await eventually("the transaction is in the log") { !nginx.accessLog().isEmpty }
            #expect(nginx.accessLog().map(\.version) == ["HTTP/2.0"])
        }
        await site.stop()
        withExtendedLifetime(server) {}
    }
}
