package import NIOCore

/// Sizes the buffers that a connection is read into, so that an idle connection keeps next to none.
///
/// A channel holds on to its first buffer for as long as it lives, to read into it again. So the first one is tiny, and
/// every later one is made for its read, as large as the last reads make it likely to be filled.
package struct LeanReceiveAllocator: RecvByteBufferAllocator {
    private static let first: UInt32 = 16
    // The head of a request with its variables and OPEN is 520 bytes and more, and is to come in one read. What is not
    // greater costs an allocator least.
    private static let least: UInt32 = 1024

    private let greatest: UInt32
    private var next: UInt32
    private var isFirst = true
    /// The last read would have fitted the next smaller size, too.
    private var mayShrink = false

    /// - Parameter greatest: bytes of the greatest buffer; at least 1,024 are taken.
    package init(greatest: Int) {
        self.greatest = max(Self.least, UInt32(clamping: greatest))
        next = min(2048, self.greatest)
    }

    package func buffer(allocator: ByteBufferAllocator) -> ByteBuffer {
        allocator.buffer(capacity: Int(isFirst ? Self.first : next))
    }

    /// No size is hinted at: the channel asks for a buffer each time.
    package func nextBufferSize() -> Int? { nil }

    package mutating func record(actualReadBytes: Int) -> Bool {
        if isFirst {
            isFirst = false
        } else if actualReadBytes >= Int(next) {
            next = min(next &* 2, greatest)
            mayShrink = false
        } else if actualReadBytes <= Int(next / 2), next > Self.least {
            if mayShrink { next = max(next / 2, Self.least) }
            mayShrink.toggle()
        } else {
            mayShrink = false
        }
        // What is kept is never large enough.
        return true
    }
}
