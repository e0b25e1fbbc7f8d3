internal import NIOCore

/// Looks at the first byte of a bare TCP connection: TLS begins with its record type (RFC 8446 section 5.1), frames
/// begin with OPEN.
final class FirstByteHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    /// The type `handshake` of a TLS record.
    private static let handshake: UInt8 = 22

    private let certificate: ListenerCertificate

    init(_ certificate: ListenerCertificate) { self.certificate = certificate }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        #if TLS
            if unwrapInboundIn(data).readableBytesView.first == Self.handshake {
                do {
                    try context.pipeline.syncOperations.addHandler(certificate.handler(), position: .after(self))
                } catch {
                    return context.close(promise: nil)
                }
            }
        #endif
        context.fireChannelRead(data)
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }
}
