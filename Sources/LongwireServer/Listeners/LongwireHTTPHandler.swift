internal import HTTPTypes
internal import LongwireSession
public import NIOCore
public import NIOHTTPTypes

/// Serves a mount inside any HTTP/1.1 server on SwiftNIO: requests below the mount are served, all others go on to the
/// next handler of the pipeline.
///
/// Put it behind `HTTP1ToHTTPServerCodec` of swift-nio-extras. It works on the channel's event loop and starts no
/// thread of its own.
public final class LongwireHTTPHandler: ChannelDuplexHandler, RemovableChannelHandler {
    /// What comes from the codec.
    public typealias InboundIn = HTTPRequestPart
    /// What is not below the mount.
    public typealias InboundOut = HTTPRequestPart
    /// What the next handlers answer.
    public typealias OutboundIn = HTTPResponsePart
    /// What goes to the codec.
    public typealias OutboundOut = HTTPResponsePart

    private enum Request {
        case none
        case ours(HTTPChannelExchange)
        case passed
    }

    private let mount: Mount
    private let refusesOthers: Bool
    private let isMultiplexed: Bool
    private let listener: ListenerFacts
    private var request = Request.none
    /// Whether nothing of this connection counts any more.
    private var isDone = false

    /// A handler for one channel.
    ///
    /// - Parameters:
    ///   - mount: where requests below its path go.
    ///   - refusesOthers: answers 404 to whatever is not below the mount, in place of passing it on.
    public convenience init(mount: Mount, refusesOthers: Bool = false) {
        self.init(mount: mount, refusesOthers: refusesOthers, listener: ListenerFacts(), isMultiplexed: false)
    }

    /// - Parameter isMultiplexed: the channel is one stream of HTTP/2.
    init(mount: Mount, refusesOthers: Bool, listener: ListenerFacts, isMultiplexed: Bool = false) {
        self.listener = listener
        self.mount = mount
        self.refusesOthers = refusesOthers
        self.isMultiplexed = isMultiplexed
    }

    /// Hands the parts of a request to whom they belong.
    public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDone else { return }
        let part = unwrapInboundIn(data)
        switch part {
        case .head(let head): received(head, context: context, data: data)
        case .body(let bytes):
            switch request {
            case .ours(let exchange): exchange.receiver?.bodyReceived(bytes)
            case .passed: context.fireChannelRead(data)
            case .none: break
            }
        case .end:
            switch request {
            case .ours(let exchange): exchange.requestEnded()
            case .passed: context.fireChannelRead(data)
            case .none: break
            }
        }
    }

    private func received(_ head: HTTPRequest, context: ChannelHandlerContext, data: NIOAny) {
        if case .ours(let exchange) = request {
            guard exchange.isOver else {
                // A second request behind an open transaction: this connection has no room for it.
                isDone = true
                return context.close(promise: nil)
            }
            // It was told that the connection ends with that answer, and will send this one again on another.
            if exchange.endsConnection, !isMultiplexed {
                isDone = true
                return
            }
            // Who asks on and on and does not read the answers is not kept them.
            guard context.channel.isWritable else {
                isDone = true
                return context.close(promise: nil)
            }
        }
        let exchange = HTTPChannelExchange(context: context, mount: mount, head: head, isMultiplexed: isMultiplexed)
        // Asked of the channel: a stream of HTTP/2 has its addresses, but must not be asked through its context.
        let remoteAddress = context.channel.remoteAddress
        var facts = ExchangeFacts(
            isLoopbackTCP: remoteAddress?.isLoopback ?? false,
            remoteAddress: remoteAddress?.ipAddress, principal: nil,
            variables: variables(of: context.channel))
        facts.hosts = listener.hosts
        if listener.isSecure {
            // TLS is below the streams of HTTP/2, in the channel that they share.
            let channel = isMultiplexed ? context.channel.parent : context.channel
            facts.clientCertificate = channel.flatMap { ListenerCertificate.subject(ofClientOf: $0) }
        }
        request = .ours(exchange)
        if mount.serve(head, exchange, facts: facts) { return }
        if refusesOthers { return mount.answerElsewhere(exchange) }
        request = .passed
        context.fireChannelRead(data)
    }

    private func variables(of channel: any Channel) -> @Sendable () -> ServerVariables {
        let (isMultiplexed, isSecure) = (isMultiplexed, listener.isSecure)
        let (local, remote) = (channel.localAddress, channel.remoteAddress)
        return {
            var variables: ServerVariables = [("SERVER_PROTOCOL", isMultiplexed ? "HTTP/2.0" : "HTTP/1.1")]
            variables.append(("REQUEST_SCHEME", isSecure ? "https" : "http"))
            if isSecure { variables.append(("HTTPS", "on")) }
            if let address = local?.ipAddress { variables.append(("SERVER_ADDR", address)) }
            if let port = local?.port { variables.append(("SERVER_PORT", "\(port)")) }
            if let port = remote?.port { variables.append(("REMOTE_PORT", "\(port)")) }
            return variables
        }
    }

    /// Everything of one read has been handed over: what it led to is written.
    public func channelReadComplete(context: ChannelHandlerContext) {
        if case .ours(let exchange) = request { exchange.receiver?.readCompleted() }
        context.fireChannelReadComplete()
    }

    /// Tells the transaction of back-pressure.
    public func channelWritabilityChanged(context: ChannelHandlerContext) {
        if case .ours(let exchange) = request { exchange.receiver?.writabilityChanged() }
        context.fireChannelWritabilityChanged()
    }

    /// The connection is gone, and with it the transaction.
    public func channelInactive(context: ChannelHandlerContext) {
        lost()
        context.fireChannelInactive()
    }

    /// The client closed its side, or the line broke: the transaction ends.
    public func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed, case .ours = request {
            lost()
            context.close(promise: nil)
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// What the codec could not read, or a broken line: ours end here, others go on.
    public func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if case .passed = request { return context.fireErrorCaught(error) }
        isDone = true
        lost()
        context.close(promise: nil)
    }

    private func lost() {
        guard case .ours(let exchange) = request else { return }
        request = .none
        exchange.lost()
    }
}

extension SocketAddress {
    /// Whether this is an address of this very machine.
    fileprivate var isLoopback: Bool { ipAddress.map { $0.hasPrefix("127.") || $0 == "::1" } ?? false }
}
