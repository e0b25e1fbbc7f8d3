internal import Foundation
internal import NIOCore

/// Reads standard input on a thread of its own, no further ahead than a few chunks.
final class InputReader: Sendable {
    /// What is read at once, in bytes.
    static let chunkBytes = 64 * 1024
    private static let chunksAhead = 3

    /// The chunks, in order, each to be followed by a call of taken; it fails with an ``InputFailure``.
    let chunks: AsyncThrowingStream<ByteBuffer, any Error>
    private let room = DispatchSemaphore(value: 0)

    init(descriptor: Int32) {
        let (chunks, feed) = AsyncThrowingStream<ByteBuffer, any Error>.makeStream()
        self.chunks = chunks
        // A semaphore may not go while it counts less than at its beginning, so it begins with nothing.
        for _ in 0..<Self.chunksAhead { room.signal() }
        Thread.detachNewThread { [room] in
            while true {
                room.wait()
                var chunk = ByteBuffer()
                var result = 0
                chunk.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.chunkBytes) { bytes in
                    let part = UnsafeMutableRawBufferPointer(rebasing: bytes[..<min(bytes.count, Self.chunkBytes)])
                    result = Descriptor.read(into: part, from: descriptor)
                    return max(result, 0)
                }
                guard result > 0 else {
                    return feed.finish(throwing: result == 0 ? nil : InputFailure(code: Int32(-result)))
                }
                feed.yield(chunk)
            }
        }
    }

    /// A chunk was dealt with: one more may be read.
    func taken() { room.signal() }
}

/// Standard input could not be read.
struct InputFailure: Error, CustomStringConvertible {
    let code: Int32

    var description: String { "cannot read standard input: \(String(cString: strerror(code)))" }
}
