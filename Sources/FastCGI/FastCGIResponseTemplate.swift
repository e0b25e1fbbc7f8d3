public import HTTPTypes
internal import NIOCore

/// The head of responses that differ in their bodies and in one field only, encoded once.
public struct FastCGIResponseTemplate: Sendable {
    /// The head itself.
    public let head: HTTPResponse
    /// The field that every response has a value of its own for.
    let lastField: HTTPField.Name
    /// The text of the head up to that value, which comes last.
    let text: ByteBuffer

    /// Encodes a head without its last field; that is `Content-Length` for ``FastCGIRequest/respond(_:body:)``.
    public init(_ head: HTTPResponse, lastField: HTTPField.Name = .contentLength) {
        self.head = head
        self.lastField = lastField
        var text = ByteBuffer()
        ResponseHead.writeFields(head, into: &text)
        text.writeString("\r\n\(lastField.rawName): ")
        self.text = text
    }
}
