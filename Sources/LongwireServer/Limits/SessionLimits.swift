public import NIOCore

/// How much one client, and all of them together, may ask of a mount (Docs/limits.md); 0 is no limit.
///
/// An address is a client's own as far as is known: behind a web server or a trusted proxy the one that it names. Of
/// IPv6 it is the network of 64 bits. Clients on this very machine, and those without an address, are counted by no
/// address: behind a proxy that names none, they are everybody.
public struct SessionLimits: Sendable {
    /// The greatest number of sessions of one address at a time.
    public var perAddress = 2_000
    /// The greatest number of sessions of one user at a time.
    public var perPrincipal = 1_000
    /// How many sessions may open a second, of all clients; ten seconds' worth may come at once.
    public var openingRate = 2_000
    /// How many sessions may open a second, of one address; ten seconds' worth may come at once.
    public var openingRatePerAddress = 50
    /// The greatest number of bytes that wait in all sessions together: for servlets, and for clients.
    public var buffered = 1 << 30
    /// After how long without a message a session is ended (code 9).
    public var idleTime = TimeAmount.zero
    /// After how long a session is ended in any case (code 9).
    public var lifetime = TimeAmount.zero

    /// The defaults.
    public init() {}
}
