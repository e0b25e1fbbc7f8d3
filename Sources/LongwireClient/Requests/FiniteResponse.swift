internal import NIOCore
internal import NIOHTTP1

/// The response to a request with a finite body, whole.
struct FiniteResponse {
    var status: Int
    /// The words behind the status.
    var reason: String
    var contentType: String
    /// The fields of the head.
    var fields: HTTPHeaders
    var body = ByteBuffer()

    init(_ head: HTTPResponseHead) {
        status = Int(head.status.code)
        reason = head.status.reasonPhrase
        contentType = head.headers.first(name: "Content-Type") ?? ""
        fields = head.headers
    }
}
