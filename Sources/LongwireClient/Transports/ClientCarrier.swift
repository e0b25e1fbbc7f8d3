internal import LongwireProtocol
internal import LongwireSession
internal import NIOCore

/// What carries one path of a client's session.
protocol ClientCarrier: PathCarrier {
    var path: UInt64 { get }
    var transport: TransportKind { get }
    /// Begins to open the path.
    func start()
    /// Gives the path up: the session goes on without it.
    func gone(_ reason: ConnectError)
}

/// Whoever opens paths, told how their carriers fare; on the session's event loop.
protocol CarrierListener: AnyObject {
    /// The connection stands, and OPEN is on its way.
    func carrierConnected(_ path: UInt64, after time: TimeAmount)
    /// Why the path is lost; the session is told next.
    func carrierLost(_ path: UInt64, _ reason: ConnectError)
}
