internal import NIOCore
internal import NIOHTTP1

/// The response to a request with a finite body, whole.
struct FiniteResponse {
    var status: Int
    var contentType: String
    /// The fields of the head.
    var fields: HTTPHeaders
    var body = ByteBuffer()

    init(_ head: HTTPResponseHead) {
        status = Int(head.status.code)
        contentType = head.headers.first(name: "Content-Type") ?? ""
        fields = head.headers
    }
}
