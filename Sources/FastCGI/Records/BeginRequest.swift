internal import CFastCGI
internal import NIOCore

/// What a web server asks an application to be (FastCGI 1.0, section 6).
struct Role: RawRepresentable, Hashable, Sendable {
    var rawValue: UInt16

    static var responder: Role { Role(rawValue: UInt16(truncatingIfNeeded: FCGI_RESPONDER)) }
    static var authorizer: Role { Role(rawValue: UInt16(truncatingIfNeeded: FCGI_AUTHORIZER)) }
    static var filter: Role { Role(rawValue: UInt16(truncatingIfNeeded: FCGI_FILTER)) }
}

/// The content of BEGIN_REQUEST (FastCGI 1.0, section 5.1).
struct BeginRequest: Hashable, Sendable {
    var role: Role
    var keepsConnection: Bool

    static var byteCount: Int { 8 }

    init(role: Role, keepsConnection: Bool) {
        self.role = role
        self.keepsConnection = keepsConnection
    }

    /// Nil unless the content is as long as the specification says.
    init?(content: ByteBuffer) {
        guard content.readableBytes == Self.byteCount,
            let role = content.getInteger(at: content.readerIndex, as: UInt16.self),
            let flags = content.getInteger(at: content.readerIndex + 2, as: UInt8.self)
        else { return nil }
        self.init(
            role: Role(rawValue: role),
            keepsConnection: flags & UInt8(truncatingIfNeeded: FCGI_KEEP_CONN) != 0)
    }
}
