internal import NIOCore

/// The parameters of a request that have come, while the rest has not: in an object, for most requests are past that.
final class GatheredParameters {
    private(set) var bytes = ByteBuffer()
    let since: NIODeadline

    init(since: NIODeadline) {
        self.since = since
    }

    func append(_ content: ByteBuffer) {
        if self.bytes.readableBytes == 0 { self.bytes = content } else { self.bytes.writeImmutableBuffer(content) }
    }
}
