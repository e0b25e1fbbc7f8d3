public import NIOCore

/// The limits of a FastCGI server, and what it tells web servers about them.
///
/// Every limit is checked before memory is spent. The defaults are safe for a server open to untrusted web clients
/// behind a trusted web server.
public struct FastCGIConfiguration: Sendable {
    /// Bytes of PARAMS of one request, names, values and lengths together; more is answered with 431.
    ///
    /// Default 64 KiB.
    public var maximumParameterBytes = 65_536
    /// Bytes in the name of a parameter; more is answered with 431.
    ///
    /// Default 4096. A web server that finds no room over a unix socket answers 502 at once; the system may allow less
    /// (`net.core.somaxconn`).
    public var maximumParameterNameBytes = 1024
    /// Bytes in the value of a parameter; more is answered with 431.
    ///
    /// Default 32 KiB.
    public var maximumParameterValueBytes = 32_768
    /// Parameters of a request; more is answered with 431.
    ///
    /// Default 512.
    public var maximumParameters = 512
    /// Header fields of a request; more is answered with 431.
    ///
    /// Default 128.
    public var maximumHeaderFields = 128
    /// Requests open at once on one connection; the next is refused with OVERLOADED, or with CANT_MPX_CONN where the
    /// limit is one.
    ///
    /// Default 128.
    public var maximumRequestsPerConnection = 128
    /// Requests open at once in the whole server; the next is refused with OVERLOADED.
    ///
    /// The answer to FCGI_MAX_REQS. Default 16384.
    public var maximumOpenRequests = 16_384
    /// Connections open at once in the whole server; the next is closed.
    ///
    /// The answer to FCGI_MAX_CONNS. Default 16384.
    public var maximumConnections = 16_384
    /// Time from the start of a connection or of a request to its complete head; then the connection is closed.
    ///
    /// Default ten seconds.
    public var headTimeout: TimeAmount = .seconds(10)
    /// The most bytes one read takes from a socket.
    ///
    /// Default 64 KiB.
    public var readBufferBytes = 65_536
    /// STDIN held for one request whose reading is paused; beyond it the connection is not read.
    ///
    /// Default 64 KiB.
    public var pausedInputBytes = 65_536
    /// Bytes of output queued on a connection from which `isWritable` is false.
    ///
    /// Default 64 KiB.
    public var writeHighWaterMark = 65_536
    /// Bytes of output queued on a connection under which `isWritable` is true again.
    ///
    /// Default 32 KiB.
    public var writeLowWaterMark = 32_768
    /// How long a connection that is to close waits for the peer to stop sending, so that the end of the last response
    /// is not lost to a reset.
    ///
    /// Default two seconds.
    public var lingerTimeout: TimeAmount = .seconds(2)
    /// Connections the kernel queues before they are accepted.
    ///
    /// Default 4096. A web server that finds no room over a unix socket answers 502 at once; the system may allow less
    /// (`net.core.somaxconn`).
    public var backlog = 4096
    /// The TCP peers served; nil serves all.
    ///
    /// Default: FCGI_WEB_SERVER_ADDRS of the environment.
    public var webServerAddresses: WebServerAddresses?

    /// Creates a configuration with the defaults, its peers from the environment.
    public init() {
        self.webServerAddresses = WebServerAddresses(environment: Environment.value)
    }

    var parameterLimits: NameValuePairs.Limits {
        .init(
            nameBytes: self.maximumParameterNameBytes, valueBytes: self.maximumParameterValueBytes,
            pairs: self.maximumParameters)
    }
}
