public import Logging
public import LongwireSession
internal import NIOConcurrencyHelpers
public import NIOCore

/// Joins each session to a connection of its own to a service that talks in streams of bytes (Docs/tcp.md).
///
/// The borders of messages mean nothing. Either side may end its stream before the other: the client's CLOSE ends what
/// the service reads, the service's end of stream becomes ``CloseCode/done``. A service that cannot be reached, or that
/// breaks the connection, ends the session as ``CloseCode/peerGone``. Who reads slowly stops the other side; nothing
/// queues here beyond 64 KiB a direction.
public struct ByteServiceServlet: Servlet {
    private let address: ByteServiceAddress
    private let connectTimeout: TimeAmount
    private let logger: Logger

    /// Connects to `address` for each session, giving up after `connectTimeout`.
    public init(_ address: ByteServiceAddress, connectTimeout: TimeAmount = .seconds(10), logger: Logger) {
        self.address = address
        self.connectTimeout = connectTimeout
        self.logger = logger
    }

    /// How long a service may take to read what it was sent before the session closed.
    public var endTime: TimeAmount { ByteServiceConversation.patience }

    /// Carries bytes both ways until both sides have ended.
    ///
    /// - Throws: ``ServletFailure`` when the service is not there, or breaks the connection.
    public func service(_ session: Session) async throws {
        let conversation = ByteServiceConversation(
            session: session, address: address, connectTimeout: connectTimeout, logger: logger)
        let ending = NIOLockedValueBox<Task<Void, Never>?>(nil)
        // Whoever is done first, the conversation or its session.
        defer { ending.withLockedValue { $0 }?.cancel() }
        try await withTaskCancellationHandler {
            try await conversation.run()
        } onCancel: {
            let task = Task { await conversation.over() }
            ending.withLockedValue { $0 = task }
        }
    }
}
