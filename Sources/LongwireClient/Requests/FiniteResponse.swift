internal import NIOCore

/// The response to a request with a finite body, whole.
struct FiniteResponse {
    var status: Int
    var contentType: String
    var body: ByteBuffer
}
