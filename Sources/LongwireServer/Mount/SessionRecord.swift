internal import Logging
internal import LongwireProtocol
internal import LongwireSession
internal import NIOCore

/// What the log and operators call a session by.
struct SessionNames {
    let servlet: String
    let principal: String?
    let address: String?
}

/// What the log says of a session: a line when it opens and one when it ends, both at the level info.
///
/// Neither has anything of what was said, no token and no query; of reasons only our own.
struct SessionRecord {
    private let transport: TransportKind?
    private let begin = NIODeadline.now()

    init(_ core: SessionCore, _ names: SessionNames, logger: Logger) {
        transport = core.machine.usedTransport
        logger.info("session opened", metadata: metadata(core, names))
    }

    private func metadata(_ core: SessionCore, _ names: SessionNames) -> Logger.Metadata {
        var metadata: Logger.Metadata = ["session": "\(core.machine.identifier)", "servlet": "\(names.servlet)"]
        if let principal = names.principal { metadata["principal"] = "\(principal)" }
        if let address = names.address { metadata["address"] = "\(address)" }
        if let transport { metadata["transport"] = "\(transport)" }
        return metadata
    }

    func ended(_ ending: SessionEnding, _ core: SessionCore, _ names: SessionNames, logger: Logger) {
        // Building the line costs more than asking.
        guard logger.logLevel <= .info else { return }
        var metadata = metadata(core, names)
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
