package import NIOCore

/// The transaction, or the transactions, that carry one path; on the session's event loop.
package protocol PathCarrier: AnyObject {
    /// Whether anything may be written now; where nothing streams, always.
    var isWritable: Bool { get }
    /// Writes control frames and data as one piece; either may be empty. Nothing is flushed.
    func write(control: ByteBuffer, data: ByteBuffer?)
    /// The bytes that this carrier wants free before a piece, for a header of its own.
    var headroom: Int { get }
    /// Writes one piece whose first ``headroom`` bytes are free; written into `bytes` in place, which must be the only
    /// reference to its storage for that. Nothing is flushed.
    func write(reserved bytes: inout ByteBuffer)
    /// Puts what was written on the wire.
    func flush()
    /// The path is over: everything written still goes out, then the transaction ends.
    func close()
    /// The same after this side's ABORT, which nothing answers: `heard` is called once, when the other side has ended
    /// the transaction too, or was given time to.
    func closeAfterLastWord(_ heard: @escaping () -> Void)
    /// Lets a carrier of finite transactions send requests or answers; others do nothing.
    func exchange(_ core: SessionCore, now: NIODeadline)
    /// Everything of this turn has been written and flushed.
    func settled(_ core: SessionCore, now: NIODeadline)
}

extension PathCarrier {
    package var headroom: Int { 0 }
    package func write(reserved bytes: inout ByteBuffer) { write(control: bytes, data: nil) }
    package func settled(_ core: SessionCore, now: NIODeadline) {}
    package func exchange(_ core: SessionCore, now: NIODeadline) {}
    package func closeAfterLastWord(_ heard: @escaping () -> Void) {
        close()
        heard()
    }
}
