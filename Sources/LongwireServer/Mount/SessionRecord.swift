internal import Logging
internal import LongwireProtocol
internal import LongwireSession
internal import NIOCore

/// What the log says of a session: a line when it opens and one when it ends, both at the level info.
///
/// Neither has anything of what was said, no token and no query; of reasons only our own.
struct SessionRecord {
    private let begin = NIODeadline.now()
    private let transport: TransportKind?

    init(_ core: SessionCore, _ handle: SessionHandle, logger: Logger) {
        transport = core.machine.usedTransport
        logger.info("session opened", metadata: metadata(handle))
    }

    private func metadata(_ handle: SessionHandle) -> Logger.Metadata {
        var metadata: Logger.Metadata = ["session": "\(handle.identifier)", "servlet": "\(handle.servlet)"]
        if let principal = handle.principal { metadata["principal"] = "\(principal)" }
        if let address = handle.remoteAddress { metadata["address"] = "\(address)" }
        if let transport { metadata["transport"] = "\(transport)" }
        return metadata
    }

    func ended(_ ending: SessionEnding, _ core: SessionCore, _ handle: SessionHandle, logger: Logger) {
        // Building the line costs more than asking.
        guard logger.logLevel <= .info else { return }
        var metadata = metadata(handle)
        metadata["milliseconds"] = .stringConvertible((NIODeadline.now() - begin).nanoseconds / 1_000_000)
        metadata["ending"] = "\(ending.kind)"
        metadata["code"] = .stringConvertible(ending.code.rawValue)
        metadata["by"] = ending.isRemote ? "client" : "server"
        if !ending.isRemote, !ending.reason.isEmpty { metadata["reason"] = "\(ending.reason)" }
        // Numbered frames: messages, their pieces where they are great, and CLOSE.
        metadata["frames_in"] = .stringConvertible(core.machine.inbox.received)
        metadata["frames_out"] = .stringConvertible(core.machine.outbox.highestSent)
        logger.info("session ended", metadata: metadata)
    }
}
