internal import CFastCGI

/// How a request ended, said in END_REQUEST (FastCGI 1.0, section 5.5).
struct ProtocolStatus: RawRepresentable, Hashable, Sendable {
    var rawValue: UInt8

    static var requestComplete: ProtocolStatus { .init(wire: FCGI_REQUEST_COMPLETE) }
    static var cannotMultiplex: ProtocolStatus { .init(wire: FCGI_CANT_MPX_CONN) }
    static var overloaded: ProtocolStatus { .init(wire: FCGI_OVERLOADED) }
    static var unknownRole: ProtocolStatus { .init(wire: FCGI_UNKNOWN_ROLE) }

    private init(wire: Int32) {
        self.rawValue = UInt8(truncatingIfNeeded: wire)
    }

    init(rawValue: UInt8) {
        self.rawValue = rawValue
    }
}
