/// How much a client may have written that the server has not read (Docs/protocol.md, rule 8).
package struct AllowanceLimit: Equatable, Sendable {
    package var bytes: UInt64
    /// The number of writes; 0 for any number.
    package var pieces: UInt64
    /// The bytes more that each write less is worth.
    package var pieceWorth: UInt64

    package init(bytes: UInt64, pieces: UInt64, pieceWorth: UInt64 = 0) {
        self.bytes = bytes
        self.pieces = pieces
        self.pieceWorth = pieceWorth
    }

    /// What a server grants: a socket counts each byte twice at worst, and a write beside it as so much that five
    /// eighths more bytes would fit if there were none (Docs/performance.md has the figures).
    package init(granting bytes: Int, pieces: Int) {
        self.init(bytes: UInt64(max(bytes, 0)), pieces: UInt64(max(pieces, 0)))
        if self.pieces > 0 { pieceWorth = min(self.bytes / 8 * 5 / self.pieces, UInt64(FrameLimits.payload)) }
    }
}
