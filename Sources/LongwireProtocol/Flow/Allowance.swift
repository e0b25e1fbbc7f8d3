internal import NIOCore

/// What a client may have written to a duplex transaction that the server has not read (rule 8).
///
/// A web server that cannot pass the uplink on at once may never try again; so no more is ever on its way than
/// surely fits. Every byte of the body counts, and every write is a piece. Only a client's path has one, so that it is
/// no part of the path.
final class Allowance {
    /// Kept back for control frames.
    static let reservedBytes: UInt64 = 256
    static let reservedPieces = 4

    private let bytes: UInt64
    private let pieces: Int
    private let pieceWorth: UInt64
    private let isIgnored: Bool
    private(set) var written: UInt64 = 0
    private(set) var read: UInt64 = 0
    /// Where each unread piece ends.
    private var ends = CircularBuffer<UInt64>()

    init(_ limit: AllowanceLimit, isIgnored: Bool) {
        bytes = limit.bytes
        // Whatever a server says, their product is a number, and a piece worth no more than it could hold.
        pieces = Int(min(limit.pieces, UInt64(Int32.max)))
        pieceWorth = min(limit.pieceWorth, UInt64(FrameLimits.payload))
        self.isIgnored = isIgnored
    }

    var unread: UInt64 { written - read }

    /// Whether a frame of the greatest size ever goes within this limit.
    static func holdsOneFrame(_ limit: AllowanceLimit) -> Bool {
        limit.bytes >= leastBytes && (limit.pieces == 0 || limit.pieces >= leastPieces)
    }
    static let leastBytes = UInt64(FrameLimits.value) + 16 + reservedBytes + UInt64(SessionMachine.controlRoom)
    static let leastPieces = UInt64(reservedPieces) + 4

    /// The bytes that a write with data may have now.
    var dataBytes: Int { room(keeping: Self.reservedBytes, pieces: Self.reservedPieces) }
    /// The bytes that a write of control frames may have now.
    var controlBytes: Int { room(keeping: 0, pieces: 0) }

    private func room(keeping reserve: UInt64, pieces reservedPieces: Int) -> Int {
        if isIgnored { return .max }
        let taken = unread + reserve
        var limit = bytes
        if pieces > 0 {
            // With the one that is asked for.
            let used = ends.count + reservedPieces + 1
            if used > pieces { return 0 }
            limit += UInt64(pieces - used) * pieceWorth
        }
        return taken >= limit ? 0 : Int(clamping: limit - taken)
    }

    /// A piece of `count` bytes was written.
    func wrote(_ count: Int) {
        guard count > 0 else { return }
        written += UInt64(count)
        if pieces > 0, !isIgnored { ends.append(written) }
    }

    /// The server says it has read `total` bytes.
    ///
    /// - Returns: whether that is news; nil when it is more than was written.
    func read(total: UInt64) -> Bool? {
        guard total <= written else { return nil }
        guard total > read else { return false }
        read = total
        while let first = ends.first, first <= total { ends.removeFirst() }
        return true
    }
}
