public import NIOCore

/// The two ends of the connection that carries a request; the peer is the web server, not its client.
public struct FastCGIConnectionInfo: Sendable {
    /// The address of the web server, where it has one.
    public var remoteAddress: SocketAddress?
    /// The address the connection was accepted on.
    public var localAddress: SocketAddress?

    /// Creates the information.
    public init(remoteAddress: SocketAddress?, localAddress: SocketAddress?) {
        self.remoteAddress = remoteAddress
        self.localAddress = localAddress
    }

    /// Whether this is a unix socket.
    public var isUnixSocket: Bool {
        (self.localAddress ?? self.remoteAddress)?.protocol == .unix
    }

    /// Whether this is TCP and the web server is on this machine.
    public var isLoopbackTCP: Bool {
        self.remoteAddress.flatMap { IPAddressBytes($0) }?.isLoopback ?? false
    }
}
