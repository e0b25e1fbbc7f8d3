import Foundation
import NIOConcurrencyHelpers

/// What a program wrote to one of its outputs, read by a thread of its own so that the program never blocks.
package final class OutputCapture: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var lines: [String] = []
        var partial: [UInt8] = []
        var total = 0
        var ended = false
    }

    private let state = NIOLockedValueBox(State())
    private let limit: Int

    /// Reads `descriptor` to its end and closes it; keeps the first `limit` bytes and counts the rest.
    init(reading descriptor: Int32, limit: Int) {
        self.limit = limit
        Thread.detachNewThread { self.read(from: descriptor) }
    }

    private func read(from descriptor: Int32) {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count > 0 {
                append(chunk[..<count])
            } else if count == 0 || errno != EINTR {
                break
            }
        }
        close(descriptor)
        state.withLockedValue { state in
            if !state.partial.isEmpty { state.lines.append(String(decoding: state.partial, as: UTF8.self)) }
            state.partial = []
            state.ended = true
        }
    }

    private func append(_ chunk: ArraySlice<UInt8>) {
        state.withLockedValue { state in
            state.total += chunk.count
            guard state.bytes.count < limit else { return }
            state.bytes += chunk
            var rest = chunk
            while let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
                state.lines.append(String(decoding: state.partial + rest[..<newline], as: UTF8.self))
                state.partial = []
                rest = rest[rest.index(after: newline)...]
            }
            state.partial += rest
        }
    }

    /// The complete lines so far, without their newline; after the end also a last one that has none.
    package var lines: [String] { state.withLockedValue { $0.lines } }
    /// The bytes so far.
    package var bytes: [UInt8] { state.withLockedValue { $0.bytes } }
    /// The bytes so far as text.
    package var text: String { String(decoding: bytes, as: UTF8.self) }
    /// How many bytes came, also those not kept.
    package var count: Int { state.withLockedValue { $0.total } }
    /// Whether the writers have all closed it.
    package var ended: Bool { state.withLockedValue { $0.ended } }

    /// The first line from number `start` on that contains `text`.
    func line(containing text: String, from start: Int) -> String? {
        state.withLockedValue { $0.lines.dropFirst(start).first { $0.contains(text) } }
    }
}
