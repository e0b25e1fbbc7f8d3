#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif
internal import Logging
internal import LongwireSession
internal import NIOCore
internal import NIOPosix

/// One session and its connection to a service, on the session's event loop.
actor ByteServiceConversation {
    private let session: Session
    private let address: ByteServiceAddress
    private let connectTimeout: TimeAmount
    private let logger: Logger
    private let executor: any SerialExecutor
    private let channel = ByteChannel()
    private var isLost = false

    /// How long a service may take to read what it was sent before the session closed.
    static let patience = TimeAmount.seconds(10)
    private static let pieceBytes = 16 * 1024

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(session: Session, address: ByteServiceAddress, connectTimeout: TimeAmount, logger: Logger) {
        self.session = session
        self.address = address
        self.connectTimeout = connectTimeout
        self.logger = logger
        executor = session.eventLoop.executor
    }

    /// Carries bytes both ways until both sides have ended.
    ///
    /// - Throws: ``ServletFailure`` when the service is not there, or breaks the connection.
    func run() async throws {
        do { try await connect() } catch {
            throw failure("cannot be reached", error)
        }
        defer { channel.close() }
        guard !isLost else { return }
        let writing = Task { try await self.fromClient() }
        do { try await fromService() } catch let error as SessionEnding {
            writing.cancel()
            throw error
        } catch {
            writing.cancel()
            throw failure("broke the connection", error)
        }
        // The service has nothing more to say; the client may have.
        session.beginClose()
        try? await writing.value
    }

    /// The session is over; where it was closed by both sides, what the client had said is still written.
    func over() async {
        if await session.ending.kind == .closed, (try? await Task.sleep(Self.patience)) == nil { return }
        isLost = true
        channel.close()
    }

    private func fromClient() async throws {
        for try await message in session.messages where message.payload.readableBytes > 0 {
            try await channel.write(message.payload)
        }
        await channel.finishWriting(isHalf: true)
    }

    private func fromService() async throws {
        while var bytes = try await channel.next() {
            while bytes.readableBytes > 0,
                let piece = bytes.readSlice(length: min(bytes.readableBytes, Self.pieceBytes))
            {
                do { try await session.send(piece) } catch is SessionClosed {
                    // Closed over our head, by an operator: there is nothing more to carry.
                    return
                }
            }
        }
    }

    private func connect() async throws {
        let handler = NIOLoopBound(channel, eventLoop: session.eventLoop)
        let bootstrap = ClientBootstrap(group: session.eventLoop)
            .connectTimeout(connectTimeout)
            .channelOption(.autoRead, value: false)
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(handler.value) }
            }
        switch address {
        case .tcp(let host, let port):
            _ = try await bootstrap.channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .connect(host: host, port: port).get()
        case .unix(let path): _ = try await bootstrap.connect(unixDomainSocketPath: path).get()
        }
    }

    /// What is wrong: the log says where, and clients only what; where the service is, is nobody's business.
    private func failure(_ what: String, _ error: any Error) -> ServletFailure {
        let why = Self.reason(error)
        logger.info(
            "a service \(what)",
            metadata: ["address": "\(address)", "session": "\(session.identifier)", "why": "\(why)"])
        return ServletFailure(.peerGone, reason: "the service \(what): \(why)")
    }

    /// An error of the network in a few words.
    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as IOError: return String(cString: strerror(error.errnoCode))
        case let error as NIOConnectionError:
            if let first = error.connectionErrors.first { return reason(first.error) }
            if error.dnsAError != nil || error.dnsAAAAError != nil { return "the name is not known" }
            return "\(error)"
        case ChannelError.connectTimeout(let time): return "no answer within \(time.inWords)"
        default: return "\(error)"
        }
    }
}
