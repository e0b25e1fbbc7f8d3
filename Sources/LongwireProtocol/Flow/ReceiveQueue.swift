internal import NIOCore

/// The numbered frames of one direction at their receiver: once, in order, within the credit (rules 2 and 3).
package struct ReceiveQueue {
    /// How the other side broke the rules.
    enum Violation: Error, Equatable {
        case beyondCredit
        case afterClose
        case messageTooLarge(limit: Int)
        case textNotUTF8
    }

    private struct Item {
        var type: UInt64
        var payload: ByteBuffer
        var cost: UInt64 { UInt64(payload.readableBytes) + FrameLimits.overhead }
    }

    private let window: UInt64
    /// Everything up to this number arrived.
    package private(set) var received: UInt64 = 0
    /// The cost of everything that arrived in order.
    private var used: UInt64 = 0
    /// The cost of everything that was taken.
    private var returned: UInt64 = 0
    private var kept: [NumberedFrame] = []
    private var keptCost: UInt64 = 0
    private var ready = Fifo<Item>()
    /// How many of them are fragments.
    @FourBytes private var fragments = 0
    /// The items at the end of ``ready`` whose payloads are slices of what was read just now.
    @FourBytes private var borrowed = 0
    @Seldom private var assembling: ByteBuffer?
    /// The other side's CLOSE, once it and all before it arrived.
    @Seldom private(set) var close: (code: CloseCode, reason: String)? { didSet { isClosed = close != nil } }
    /// Whether there was one.
    private(set) var isClosed = false
    /// Whether what comes is dropped at once: the application has ended.
    private var isDiscarding = false
    /// In four bytes: no buffer holds more.
    private let greatestMessage: UInt32
    private var messageLimit: Int { Int(greatestMessage) }

    init(window: Int, messageLimit: Int) {
        self.window = UInt64(max(window, 0))
        greatestMessage = UInt32(clamping: messageLimit)
    }

    /// The credit granted, counted from the start of the session.
    package var limit: UInt64 { window + returned }
    /// Bytes of payload held here.
    package var held: Int {
        ready.reduce(0) { $0 + $1.payload.readableBytes } + (assembling?.readableBytes ?? 0) + Int(keptCost)
    }

    /// Whether something arrived before what comes earlier.
    var hasGap: Bool { !kept.isEmpty }

    /// What is held here, in bytes of credit and of the message that is being joined.
    var buffered: Int { Int(clamping: used - min(returned, used) + keptCost) + (assembling?.readableBytes ?? 0) }

    /// Takes a frame as it arrived.
    ///
    /// - Returns: whether something new arrived in order.
    mutating func receive(_ frame: consuming NumberedFrame) throws(Violation) -> Bool {
        let number = frame.number
        guard number > received else { return false }
        guard close == nil else { throw .afterClose }
        guard number == received + 1 else {
            try keep(frame)
            return false
        }
        let cost = frame.cost
        let taken = consume frame
        try accept(taken.content, number: number, cost: cost)
        if kept.isEmpty { return true }
        var joined = 0
        defer { kept.removeFirst(joined) }
        while joined < kept.count, kept[joined].number == received + 1 {
            let next = kept[joined]
            joined += 1
            keptCost -= next.cost
            guard close == nil else { throw .afterClose }
            try accept(next.content, number: next.number, cost: next.cost)
        }
        return true
    }

    /// Whether ``receiveNext(_:cost:)`` takes a message with this number: nothing is missing or over.
    func takesNext(_ number: UInt64) -> Bool {
        number == received + 1 && !isClosed && kept.isEmpty && !isDiscarding
    }

    /// Takes a whole message with the next number.
    mutating func receiveNext(_ message: consuming MessageFrame, cost: UInt64) throws(Violation) {
        guard used + cost <= limit else { throw .beyondCredit }
        used += cost
        received = message.number
        let message = consume message
        ready.append(Item(type: message.isText ? FrameType.text : FrameType.message, payload: message.payload))
        borrowed += 1
    }

    private mutating func keep(_ frame: NumberedFrame) throws(Violation) {
        // Nothing follows CLOSE, which costs nothing: without this, any number of them would be kept.
        if let last = kept.last {
            if last.number < frame.number, last.isClose { throw .afterClose }
            if frame.number < last.number, frame.isClose { throw .afterClose }
        }
        // What comes out of order comes mostly in order behind what is missing.
        let place = kept.lastIndex { $0.number < frame.number }.map { $0 + 1 } ?? kept.startIndex
        if place < kept.endIndex, kept[place].number == frame.number { return }
        let highest = max(kept.last?.number ?? 0, frame.number)
        let (missing, _) = (highest - received).subtractingReportingOverflow(UInt64(kept.count) + 1)
        let (cost, overflow) = missing.multipliedReportingOverflow(by: FrameLimits.overhead)
        let (sum, overflow2) = cost.addingReportingOverflow(used + keptCost + frame.cost)
        guard !overflow, !overflow2, sum <= limit else { throw .beyondCredit }
        var copy = frame
        copy.content = frame.content.copied()
        kept.insert(copy, at: place)
        keptCost += frame.cost
    }

    private mutating func accept(
        _ content: consuming NumberedFrame.Content, number: UInt64, cost: UInt64
    ) throws(Violation) {
        guard used + cost <= limit else { throw .beyondCredit }
        used += cost
        received = number
        switch consume content {
        case .close(let code, let reason):
            while let last = ready.last, last.type == FrameType.fragment {
                returned += last.cost
                ready.removeLast()
                fragments -= 1
                borrowed = max(0, borrowed - 1)
            }
            // What is joined already belongs to the message that waits, if one does.
            if ready.isEmpty { assembling = nil }
            close = (code, reason)
        case .message(let payload): try enqueue(Item(type: FrameType.message, payload: payload))
        case .text(let payload): try enqueue(Item(type: FrameType.text, payload: payload))
        case .fragment(let payload): try enqueue(Item(type: FrameType.fragment, payload: payload))
        }
    }

    @inline(__always)
    private mutating func enqueue(_ item: Item) throws(Violation) {
        if isDiscarding {
            returned += item.cost
        } else if item.type == FrameType.fragment, ready.isEmpty {
            try join(item)
        } else {
            if item.type == FrameType.fragment { fragments += 1 }
            ready.append(item)
            borrowed += 1
        }
    }

    /// Adds a fragment to the message being put together; its credit comes back.
    private mutating func join(_ item: Item) throws(Violation) {
        var whole = assembling ?? ByteBuffer()
        assembling = nil
        guard whole.readableBytes + item.payload.readableBytes <= messageLimit else {
            throw .messageTooLarge(limit: messageLimit)
        }
        whole.writeImmutableBuffer(item.payload)
        assembling = whole
        returned += item.cost
    }

    /// Whether ``take()`` may return a message.
    package var hasMessage: Bool { ready.count > fragments }

    /// The next whole message; its credit comes back.
    mutating func take() throws(Violation) -> Message? {
        if fragments == 0, assembling == nil { return try takeWhole() }
        while let item = ready.popFirst() {
            borrowed = min(borrowed, ready.count)
            if item.type == FrameType.fragment {
                fragments -= 1
                try join(item)
                continue
            }
            returned += item.cost
            var payload = item.payload
            if var whole = assembling {
                assembling = nil
                guard whole.readableBytes + payload.readableBytes <= messageLimit else {
                    throw .messageTooLarge(limit: messageLimit)
                }
                whole.writeImmutableBuffer(payload)
                payload = whole
            } else if payload.readableBytes > messageLimit {
                throw .messageTooLarge(limit: messageLimit)
            }
            if item.type == FrameType.text, !payload.isValidUTF8 { throw .textNotUTF8 }
            // Fragments of the next message may have become the oldest: they join now, and free their credit.
            while let next = ready.first, next.type == FrameType.fragment {
                _ = ready.popFirst()
                fragments -= 1
                borrowed = min(borrowed, ready.count)
                try join(next)
            }
            return Message(kind: item.type == FrameType.text ? .text : .bytes, payload: payload)
        }
        return nil
    }

    /// The next message where all of them came in one piece each, as nearly all do.
    @inline(__always)
    private mutating func takeWhole() throws(Violation) -> Message? {
        guard let item = ready.popFirst() else { return nil }
        borrowed = min(borrowed, ready.count)
        returned += item.cost
        guard item.payload.readableBytes <= messageLimit else { throw .messageTooLarge(limit: messageLimit) }
        guard item.type == FrameType.text else { return Message(kind: .bytes, payload: item.payload) }
        guard item.payload.isValidUTF8 else { throw .textNotUTF8 }
        return Message(kind: .text, payload: item.payload)
    }

    /// From now on drops what arrives, and what waits; its credit comes back.
    mutating func discard() {
        isDiscarding = true
        while let item = ready.popFirst() { returned += item.cost }
        fragments = 0
        borrowed = 0
        assembling = nil
    }

    /// Lets go of memory that nothing is in.
    mutating func rest() {
        ready.rest()
        if kept.isEmpty { kept = [] }
    }

    /// Copies what waits beyond a read into a buffer of its own, so that a small payload pins no read buffer.
    mutating func readCompleted() {
        guard borrowed > 0 else { return }
        var copy = ByteBuffer()
        ready.updateLast(borrowed) { if !$0.payload.fillsItsStorage { copy.writeImmutableBuffer($0.payload) } }
        ready.updateLast(borrowed) { item in
            guard !item.payload.fillsItsStorage else { return }
            if let slice = copy.readSlice(length: item.payload.readableBytes) { item.payload = slice }
        }
        borrowed = 0
    }
}

extension NumberedFrame.Content {
    /// The same content, in memory of its own.
    fileprivate func copied() -> NumberedFrame.Content {
        switch self {
        case .message(let payload): .message(ByteBuffer(bytes: payload.readableBytesView))
        case .text(let payload): .text(ByteBuffer(bytes: payload.readableBytesView))
        case .fragment(let payload): .fragment(ByteBuffer(bytes: payload.readableBytesView))
        case .close: self
        }
    }
}

extension ByteBuffer {
    /// Whether at least half of the memory behind this slice is its own content.
    fileprivate var fillsItsStorage: Bool { readableBytes * 2 >= storageCapacity }

    /// Whether the readable bytes are UTF-8.
    var isValidUTF8: Bool {
        withUnsafeReadableBytes { bytes in
            guard !bytes.isEmpty else { return true }
            return bytes.withMemoryRebound(to: UInt8.self) { (try? UTF8Span(validating: $0.span)) != nil }
        }
    }
}
