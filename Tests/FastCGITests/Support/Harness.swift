import Logging
import NIOCore
import NIOEmbedded
import Testing

@testable import FastCGI

/// A connection without a socket: bytes in, records out, and the handlers of the requests to look at.
final class Harness {
    let channel: EmbeddedChannel
    let server: FastCGIServer
    private let served: NIOLoopBoundBox<[TestHandler]>
    private var unparsed: [UInt8] = []

    init(
        active: Bool = true, configure: (inout FastCGIConfiguration) -> Void = { _ in },
        react: @escaping (TestHandler, TestHandler.Event) -> Void = { _, _ in },
        opened: @escaping (TestHandler) -> Void = { _ in }
    ) throws {
        self.channel = EmbeddedChannel()
        var configuration = FastCGIConfiguration()
        configuration.webServerAddresses = nil
        configure(&configuration)
        let served = NIOLoopBoundBox<[TestHandler]>([], eventLoop: self.channel.eventLoop)
        let callbacks = NIOLoopBound((react, opened), eventLoop: self.channel.eventLoop)
        self.served = served
        self.server = FastCGIServer(configuration: configuration, logger: .silent) { request, head, parameters in
            let handler = TestHandler(request, head, parameters, react: callbacks.value.0)
            served.value.append(handler)
            callbacks.value.1(handler)
            return handler
        }
        try self.server.configure(self.channel).wait()
        if active { try self.channel.connect(to: SocketAddress(unixDomainSocketPath: "/test")).wait() }
    }

    var handlers: [TestHandler] { self.served.value }

    func handler(_ index: Int = 0) throws -> TestHandler {
        try #require(self.handlers.indices.contains(index) ? self.handlers[index] : nil)
    }

    /// One read of the socket.
    func receive(_ bytes: [UInt8]) throws {
        if self.channel.isActive { try self.channel.writeInbound(ByteBuffer(bytes: bytes)) }
    }

    /// One read for each byte.
    func receiveByteByByte(_ bytes: [UInt8]) throws {
        for byte in bytes { try self.receive([byte]) }
    }

    /// What has been flushed since the last call.
    func sent() throws -> [WireRecord] {
        while let buffer = try self.channel.readOutbound(as: ByteBuffer.self) {
            self.unparsed += buffer.readableBytesView
        }
        let records = WireRecord.parse(&self.unparsed)
        #expect(self.unparsed.isEmpty, "what the server sends must be whole records")
        return records
    }

    var isOpen: Bool { self.channel.isActive }

    func close() { _ = try? self.channel.finish(acceptAlreadyClosed: true) }
}

extension Logger {
    static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}
