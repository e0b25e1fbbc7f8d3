public import HTTPTypes
internal import NIOCore

/// The head of responses that differ in their bodies only, encoded once.
public struct FastCGIResponseTemplate: Sendable {
    /// The head itself.
    public let head: HTTPResponse
    /// Its text up to the value of Content-Length, which comes last.
    let text: ByteBuffer

    /// Encodes a head without `Content-Length`, which every response gets for its own body.
    public init(_ head: HTTPResponse) {
        self.head = head
        var text = ByteBuffer()
        ResponseHead.writeFields(head, into: &text)
        text.writeStaticString("\r\nContent-Length: ")
        self.text = text
    }
}
