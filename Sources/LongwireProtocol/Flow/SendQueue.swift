package import NIOCore

/// The numbered frames of one direction, from their numbering until the other side covers them (rules 1 and 4).
///
/// Frames are encoded once, side by side, into segments; what goes on the wire are slices of these, and what is
/// repeated are the very same bytes. A segment that was sliced is sealed: a later frame begins a new one, so that
/// no write copies what is in flight.
package struct SendQueue {
    struct Segment {
        var bytes: ByteBuffer
        var first: UInt64
        var last: UInt64
        /// The cost of every frame up to ``last``, from the start of the session.
        var costEnd: UInt64
        var isSealed = false

        /// Adds a frame that takes at most `size` bytes.
        ///
        /// - Returns: false where it belongs into the next segment.
        @inline(__always)
        mutating func append(
            _ number: UInt64, costEnd: UInt64, size: Int, _ write: (inout ByteBuffer) -> Void
        ) -> Bool {
            guard !isSealed, bytes.readableBytes + size <= SendQueue.segmentBytes else { return false }
            write(&bytes)
            last = number
            self.costEnd = costEnd
            return true
        }
    }

    /// A run of encoded frames, ready for the wire.
    package struct Run {
        package var bytes: ByteBuffer
        package var first: UInt64
        package var last: UInt64
    }

    static let segmentBytes = 64 * 1024
    private static let spareBytes = 16 * 1024

    /// Own bound on what is not covered, in bytes of credit.
    let capacity: UInt64
    /// Changes only while nothing is queued.
    var checksum: Bool
    /// Whether a message may be taken now, room permitting; asked for with every message.
    private var isTaking = true
    @FourBytes private var previousSegmentBytes = 0
    private var segments: [Segment] = []
    /// The memory of a segment that was covered, for the next one.
    private var spare = ByteBuffer()
    package private(set) var nextNumber: UInt64 = 1
    /// The highest number that the other side says arrived, with everything before it.
    package private(set) var covered: UInt64 = 0
    /// The other side's credit, counted from the start of the session.
    private(set) var limit: UInt64 = 0
    /// The highest number that was ever handed to a path.
    package private(set) var highestSent: UInt64 = 0
    private var costNumbered: UInt64 = 0
    private(set) var costCovered: UInt64 = 0
    /// The first number of the tail: it and all after it go next, in order.
    private(set) var cursor: UInt64 = 1
    @FourBytes private var cursorSegment = 0
    @FourBytes private var cursorIndex = 0
    private(set) var costCursor: UInt64 = 0
    /// Numbers below the cursor that go again, lowest first (finite transactions).
    private var unsent: [ClosedRange<UInt64>] = []
    /// The message of which the rest has no number yet.
    @Seldom private var pending: Message? { didSet { isTaking = pending == nil && closing == nil } }
    /// The bytes of a message that was taken and of which so much has no number yet.
    package var waiting: Int { pending?.payload.readableBytes ?? 0 }
    @Seldom private var closing: (code: CloseCode, reason: String)? {
        didSet { isTaking = pending == nil && closing == nil }
    }
    /// The number of CLOSE, once it has one.
    @OneWord private(set) var closeNumber: UInt64?

    init(capacity: Int, limit: UInt64, checksum: Bool) {
        self.capacity = UInt64(max(capacity, 0))
        self.limit = limit
        self.checksum = checksum
    }

    /// Whether every message that was taken has gone to a path and nothing is to be repeated.
    var hasUnsent: Bool { cursor < nextNumber || !unsent.isEmpty }
    /// What is kept until it is covered, in bytes of credit.
    package var retained: UInt64 { costNumbered - costCovered }
    /// Whether ``offer(_:)`` would take a message.
    var hasRoom: Bool { isTaking && retained < capacity }
    /// Whether CLOSE was asked for.
    package var isClosing: Bool { closing != nil }
    /// Whether CLOSE has been handed to a path.
    var isCloseSent: Bool { closeNumber.map { $0 <= highestSent } ?? false }
    /// Whether CLOSE has been covered.
    var isCloseCovered: Bool { closeNumber.map { $0 <= covered } ?? false }
    /// The frames that never went, and what they cost.
    var unsentFrames: UInt64 { nextNumber - cursor }
    var unsentBytes: UInt64 { costNumbered - min(costCursor, costNumbered) }
    /// Whether anything goes again.
    var hasRepeats: Bool { !unsent.isEmpty }
    /// Whether ``next(maxBytes:inFlight:maxFrames:)`` would return something, room permitting.
    var hasSendable: Bool {
        if !unsent.isEmpty { return true }
        guard cursor < nextNumber, let frame = cursorFrame else { return false }
        return frame.cost == 0 || costCursor + frame.cost <= limit
    }

    /// Takes a message if there is room; what does not fit the buffer at once follows by itself.
    mutating func offer(_ message: Message) -> Bool {
        guard hasRoom else { return false }
        if message.payload.readableBytes <= FrameLimits.payload {
            append(message.kind == .text ? FrameType.text : FrameType.message, message.payload)
        } else {
            pending = message
            fill()
        }
        return true
    }

    /// Asks for CLOSE after everything that was taken; the first call counts.
    mutating func close(code: CloseCode, reason: String) {
        guard closing == nil else { return }
        closing = (code, reason)
        fill()
    }

    /// Gives numbers to what waits for room.
    private mutating func fill() {
        while var message = pending, retained < capacity {
            let isLast = message.payload.readableBytes <= FrameLimits.payload
            let length = min(message.payload.readableBytes, FrameLimits.payload)
            guard let part = message.payload.readSlice(length: length) else { return }
            pending = isLast ? nil : message
            append(isLast ? (message.kind == .text ? FrameType.text : FrameType.message) : FrameType.fragment, part)
        }
        guard pending == nil, let closing, closeNumber == nil else { return }
        closeNumber = nextNumber
        let size = min(closing.reason.utf8.count, FrameLimits.reason) + 32
        appendFrame(cost: 0, size: size) { number, checksum, buffer in
            FrameEncoder.writeClose(
                number: number, code: closing.code, reason: closing.reason, checksum: checksum, to: &buffer)
        }
    }

    private mutating func append(_ type: UInt64, _ payload: ByteBuffer) {
        let cost = UInt64(payload.readableBytes) + FrameLimits.overhead
        appendFrame(cost: cost, size: payload.readableBytes + 24) { number, checksum, buffer in
            payload.withUnsafeReadableBytes {
                FrameEncoder.writeData(type: type, number: number, payload: $0, checksum: checksum, to: &buffer)
            }
        }
    }

    @inline(__always)
    private mutating func appendFrame(cost: UInt64, size: Int, write: (UInt64, Bool, inout ByteBuffer) -> Void) {
        let number = nextNumber
        nextNumber += 1
        costNumbered += cost
        let last = segments.count - 1
        if last >= 0 {
            if segments[last].append(number, costEnd: costNumbered, size: size, { write(number, checksum, &$0) }) {
                return
            }
            previousSegmentBytes = segments[last].bytes.readableBytes
        }
        var bytes = spare
        spare = ByteBuffer()
        bytes.reserveCapacity(max(size, min(previousSegmentBytes, Self.spareBytes)))
        write(number, checksum, &bytes)
        segments.append(Segment(bytes: bytes, first: number, last: number, costEnd: costNumbered))
        if cursor == number {
            cursorSegment = segments.count - 1
            cursorIndex = bytes.readerIndex
        }
    }

    /// Learns that everything up to `number` arrived and that credit reaches to `limit`.
    ///
    /// - Returns: false when `number` was never sent: the other side broke the protocol.
    mutating func acknowledged(upTo number: UInt64, limit: UInt64) -> Bool {
        guard number <= highestSent else { return false }
        self.limit = max(self.limit, limit)
        guard number > covered else { return true }
        covered = number
        var gone = 0
        while gone < segments.count, segments[gone].last <= number { gone += 1 }
        if gone > 0 {
            costCovered = segments[gone - 1].costEnd
            previousSegmentBytes = segments[gone - 1].bytes.readableBytes
            keepSpare(of: gone - 1)
            if gone < segments.count { segments.removeFirst(gone) } else { segments.removeAll(keepingCapacity: true) }
            cursorSegment -= gone
        }
        if !segments.isEmpty, segments[0].first <= number {
            costCovered += Self.trim(&segments[0], upTo: number, checksum: checksum)
        }
        if !unsent.isEmpty { forgetUnsent(upTo: number) }
        if cursor <= number || cursorSegment < 0 { moveCursorToStart() }
        fill()
        return true
    }

    /// Keeps the memory of a covered segment that nobody else holds, unless it is large.
    private mutating func keepSpare(of position: Int) {
        guard segments[position].bytes.capacity <= Self.spareBytes else { return }
        swap(&spare, &segments[position].bytes)
        spare.clear()
    }

    private mutating func forgetUnsent(upTo number: UInt64) {
        unsent = unsent.compactMap { $0.upperBound <= number ? nil : max($0.lowerBound, number + 1)...$0.upperBound }
    }

    private static func trim(_ segment: inout Segment, upTo number: UInt64, checksum: Bool) -> UInt64 {
        var cost: UInt64 = 0
        while segment.first <= number, let frame = EncodedFrame(in: segment.bytes, checksum: checksum) {
            cost += frame.cost
            segment.bytes.moveReaderIndex(forwardBy: frame.size)
            segment.first += 1
        }
        return cost
    }

    private mutating func moveCursorToStart() {
        cursor = covered + 1
        costCursor = costCovered
        cursorSegment = 0
        cursorIndex = segments.isEmpty ? 0 : segments[0].bytes.readerIndex
    }

    /// Lets go of memory that nothing is in.
    mutating func rest() {
        if segments.isEmpty, segments.capacity > 0 { segments = [] }
        spare = ByteBuffer()
    }

    /// Another life of the session, of which nothing is known yet: its credit counts from the start.
    mutating func forgetLimit() { limit = 0 }

    /// Everything not covered goes again, in order: another path is used (rule 4a).
    mutating func rewind() {
        unsent.removeAll()
        moveCursorToStart()
    }

    /// What is not covered of `range` goes again (rule 4b).
    mutating func repeatRange(_ range: ClosedRange<UInt64>) {
        let low = max(range.lowerBound, covered + 1)
        let high = min(range.upperBound, cursor - 1)
        guard low <= high else { return }
        var merged: [ClosedRange<UInt64>] = []
        for next in (unsent + [low...high]).sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = merged.last, next.lowerBound <= last.upperBound + 1 {
                merged[merged.count - 1] = last.lowerBound...max(last.upperBound, next.upperBound)
            } else {
                merged.append(next)
            }
        }
        unsent = merged
    }

    private var cursorFrame: EncodedFrame? {
        guard segments.indices.contains(cursorSegment) else { return nil }
        return EncodedFrame(in: segments[cursorSegment].bytes, at: cursorIndex, checksum: checksum)
    }

    /// The next run of frames for the wire, of at most `maxBytes`.
    ///
    /// - Parameter inFlight: a frame goes while less than this cost is sent and not covered; nil for no bound.
    mutating func next(maxBytes: Int, inFlight: UInt64? = nil, maxFrames: Int = .max) -> Run? {
        if let range = unsent.first { return nextRepeated(range, maxBytes: maxBytes, maxFrames: maxFrames) }
        guard cursor < nextNumber else { return nil }
        let position = cursorSegment
        let bytes = segments[position].bytes
        let left = bytes.writerIndex - cursorIndex
        let ceiling = inFlight.map { costCovered + $0 } ?? .max
        let first = cursor
        var end = cursorIndex
        if left <= maxBytes, segments[position].costEnd <= min(limit, ceiling), maxFrames == .max {
            end = bytes.writerIndex
            cursor = segments[position].last + 1
            costCursor = segments[position].costEnd
        } else {
            while cursor <= segments[position].last, cursor - first < UInt64(clamping: maxFrames),
                let frame = EncodedFrame(in: bytes, at: end, checksum: checksum),
                end - cursorIndex + frame.size <= maxBytes,
                costCursor + frame.cost <= limit || frame.cost == 0, costCursor < ceiling || frame.cost == 0
            {
                end += frame.size
                cursor += 1
                costCursor += frame.cost
            }
        }
        guard end > cursorIndex, let slice = bytes.getSlice(at: cursorIndex, length: end - cursorIndex) else {
            return nil
        }
        segments[position].isSealed = true
        cursorIndex = end
        if cursor > segments[position].last {
            cursorSegment += 1
            cursorIndex = cursorSegment < segments.count ? segments[cursorSegment].bytes.readerIndex : 0
        }
        highestSent = max(highestSent, cursor - 1)
        return Run(bytes: slice, first: first, last: cursor - 1)
    }

    private mutating func nextRepeated(_ range: ClosedRange<UInt64>, maxBytes: Int, maxFrames: Int) -> Run? {
        guard let position = segments.firstIndex(where: { $0.last >= range.lowerBound }) else {
            unsent.removeFirst()
            return nil
        }
        let segment = segments[position]
        var number = segment.first
        var start = segment.bytes.readerIndex
        while number < range.lowerBound, let frame = EncodedFrame(in: segment.bytes, at: start, checksum: checksum) {
            start += frame.size
            number += 1
        }
        let first = number
        var end = start
        while number <= min(range.upperBound, segment.last), number - first < UInt64(clamping: maxFrames),
            let frame = EncodedFrame(in: segment.bytes, at: end, checksum: checksum),
            end - start + frame.size <= maxBytes
        {
            end += frame.size
            number += 1
        }
        guard end > start, let slice = segment.bytes.getSlice(at: start, length: end - start) else { return nil }
        segments[position].isSealed = true
        if number > range.upperBound { unsent.removeFirst() } else { unsent[0] = number...range.upperBound }
        return Run(bytes: slice, first: first, last: number - 1)
    }
}
