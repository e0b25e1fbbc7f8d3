/// How much a client may have written that the server has not read (Docs/protocol.md, rule 8).
package struct AllowanceLimit: Equatable, Sendable {
    package var bytes: UInt64
    /// The number of writes; 0 for any number.
    package var pieces: UInt64

    package init(bytes: UInt64, pieces: UInt64) {
        self.bytes = bytes
        self.pieces = pieces
    }
}
