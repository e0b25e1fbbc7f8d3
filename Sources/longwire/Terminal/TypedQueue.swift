internal import NIOCore
internal import NIOConcurrencyHelpers

/// What was typed and has not been sent, in order: the keyboard waits while it is full.
final class TypedQueue: Sendable {
    enum Item: Sendable, Equatable {
        case text(String)
        /// The name of a file.
        case file(String)
        case quit

        fileprivate var bytes: Int {
            switch self {
            case .text(let text), .file(let text): text.utf8.count + 64
            case .quit: 0
            }
        }
    }

    private struct State {
        var items = CircularBuffer<Item>()
        var bytes = 0
        var isFinished = false
        var waiting: CheckedContinuation<Item?, Never>?
    }

    private static let highWater = 1024 * 1024
    private let state = NIOLockedValueBox(State())
    private let hasRoom: @Sendable () -> Void

    /// - Parameter hasRoom: called when it is not full any more.
    init(hasRoom: @escaping @Sendable () -> Void) { self.hasRoom = hasRoom }

    /// Whether no more should be read.
    var isFull: Bool { state.withLockedValue { $0.bytes >= Self.highWater } }

    func add(_ item: Item) {
        let waiting = state.withLockedValue { state -> CheckedContinuation<Item?, Never>? in
            guard let waiting = state.waiting else {
                state.items.append(item)
                state.bytes += item.bytes
                return nil
            }
            state.waiting = nil
            return waiting
        }
        waiting?.resume(returning: item)
    }

    /// The oldest item, as soon as there is one; nil once it is finished and empty.
    ///
    /// One task may wait.
    func next() async -> Item? {
        await withCheckedContinuation { continuation in
            let (item, isOver, hasRoomAgain) = state.withLockedValue { state -> (Item?, Bool, Bool) in
                let wasFull = state.bytes >= Self.highWater
                guard let item = state.items.popFirst() else {
                    if !state.isFinished { state.waiting = continuation }
                    return (nil, state.isFinished, false)
                }
                state.bytes -= item.bytes
                return (item, false, wasFull && state.bytes < Self.highWater)
            }
            if hasRoomAgain { hasRoom() }
            if item != nil || isOver { continuation.resume(returning: item) }
        }
    }

    /// Nothing more comes.
    func finish() {
        let waiting = state.withLockedValue { state in
            state.isFinished = true
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.resume(returning: nil)
    }
}
