package import NIOCore

/// Writes pieces of a body as chunks of HTTP/1.1 (RFC 9112 section 7.1): one chunk a piece.
package enum ChunkedBody {
    /// The last chunk, without trailers.
    package static let end = ByteBuffer(string: "0\r\n\r\n")

    /// Writes the head of a chunk of `count` bytes.
    package static func writeHead(_ count: Int, to buffer: inout ByteBuffer) {
        buffer.writeString(String(count, radix: 16))
        buffer.writeInteger(0x0d0a as UInt16)
    }

    /// Writes what ends a chunk.
    package static func writeTail(to buffer: inout ByteBuffer) { buffer.writeInteger(0x0d0a as UInt16) }
}
