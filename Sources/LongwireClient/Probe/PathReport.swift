public import LongwireSession
public import NIOCore

/// What the way to a servlet lets pass, as ``Longwire/probe(_:configuration:watching:)`` found it.
public struct PathReport: Sendable {
    /// How one transport fared.
    public struct Line: Sendable {
        /// The transport.
        public var transport: TransportKind
        /// Why it does not work, in a sentence without a full stop; nil where it does.
        public var failure: String?
        /// Whether it works only where requests declare a length; a session tries that second.
        public var needsLength = false
        /// From the first packet to an open session.
        public var timeToOpen: TimeAmount?
        /// The median of several PINGs; nil where none was answered.
        public var roundTrip: TimeAmount?
        /// The first cut of an idle line, where that was watched; nil where it was not cut.
        public var cut: Cut?
    }

    /// The end of a line on which nothing but heartbeats went.
    public struct Cut: Sendable {
        /// How long the line had lived.
        public var after: TimeAmount
        /// Why it ended, as far as that is known.
        public var reason: String
    }

    /// The URL that was probed.
    public var url: String
    /// The forward proxy on the way, as host and port.
    public var proxy: String?
    /// Whether the proxy was asked for a tunnel, so that it sees bytes only.
    public var isTunnel = false
    /// The version of TLS; nil over plain HTTP.
    public var tls: String?
    /// Who answered, and who passed the answers on, as their headers `Server` and `Via` say.
    public var seen: [String] = []
    /// Whether answers came as HTTP/1.0, which somebody on the way speaks then.
    public var isHTTP10 = false
    /// The transports, the best first.
    public var lines: [Line] = []
    /// What a session would use; nil where nothing works.
    public var chosen: TransportKind?
    /// How long it took to choose and open it.
    public var timeToChoose: TimeAmount?
    /// Why it would be this one, or why none; a sentence without a full stop.
    public var reason = ""
    /// How long idle lines were watched; zero where they were not.
    public var watched = TimeAmount.zero
}
