internal import Foundation
internal import NIOCore
internal import NIOConcurrencyHelpers

/// Writes standard output on a thread of its own: at once when nothing else waits, else as much as came meanwhile.
final class OutputWriter: Sendable {
    /// How much may wait, in bytes, before whoever adds must wait too.
    private static let highWater = 256 * 1024

    private struct State {
        var pending = ByteBuffer()
        var isAwake = false
        var isFinished = false
        var isDone = false
        var error: Int32 = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = NIOLockedValueBox(State())
    private let work = DispatchSemaphore(value: 0)
    private let descriptor: Int32

    init(descriptor: Int32) {
        self.descriptor = descriptor
        Thread.detachNewThread { self.run() }
    }

    /// Adds bytes, followed by a line feed or not; suspends while much waits.
    ///
    /// - Returns: 0, or the number of the error that ended the output.
    func write(_ bytes: ByteBuffer, newline: Bool) async -> Int32 {
        let (error, isFull) = state.withLockedValue { state -> (Int32, Bool) in
            guard state.error == 0 else { return (state.error, false) }
            state.pending.writeImmutableBuffer(bytes)
            if newline { state.pending.writeInteger(UInt8(ascii: "\n")) }
            wake(&state)
            return (0, state.pending.readableBytes >= Self.highWater)
        }
        if isFull { await wait { $0.pending.readableBytes >= Self.highWater && $0.error == 0 } }
        return error
    }

    /// Adds bytes without waiting; whoever does not read for long misses them.
    func post(_ bytes: ByteBuffer) {
        state.withLockedValue { state in
            guard state.error == 0, state.pending.readableBytes < Self.highWater * 2 else { return }
            state.pending.writeImmutableBuffer(bytes)
            wake(&state)
        }
    }

    /// Waits until everything is written.
    ///
    /// - Returns: 0, or the number of the error that ended the output.
    func finish() async -> Int32 {
        state.withLockedValue { state in
            state.isFinished = true
            wake(&state)
        }
        await wait { !$0.isDone }
        return state.withLockedValue { $0.error }
    }

    private func wake(_ state: inout State) {
        guard !state.isAwake else { return }
        state.isAwake = true
        work.signal()
    }

    private func wait(while condition: @Sendable (borrowing State) -> Bool) async {
        // Whoever is woken looks again: a batch that was taken is not yet written.
        while state.withLockedValue({ condition($0) }) {
            await withCheckedContinuation { continuation in
                let isOver = state.withLockedValue { state in
                    guard condition(state) else { return true }
                    state.waiting.append(continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        }
    }

    private func run() {
        var batch = ByteBuffer()
        var isDone = false
        while !isDone {
            work.wait()
            while true {
                batch.clear(minimumCapacity: 0)
                let (resumed, isEmpty) = state.withLockedValue { state in
                    swap(&batch, &state.pending)
                    let isEmpty = batch.readableBytes == 0
                    if isEmpty { state.isAwake = false }
                    isDone = isEmpty && state.isFinished
                    state.isDone = isDone
                    defer { state.waiting = [] }
                    return (state.waiting, isEmpty)
                }
                for waiting in resumed { waiting.resume() }
                if isEmpty { break }
                let error = batch.withUnsafeReadableBytes { Descriptor.write($0, to: descriptor) }
                if error != 0 { state.withLockedValue { $0.error = error } }
            }
        }
    }
}
