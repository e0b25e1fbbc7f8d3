internal import CFastCGI
internal import NIOCore

/// The eight octets before the content of every record (FastCGI 1.0, section 3.3).
struct RecordHeader: Hashable, Sendable {
    var type: RecordType
    var requestID: UInt16
    var contentLength: UInt16
    var paddingLength: UInt8 = 0

    /// Length of a header on the wire.
    static var byteCount: Int { Int(FCGI_HEADER_LEN) }

    /// The only version there is.
    static var version: UInt8 { UInt8(truncatingIfNeeded: FCGI_VERSION_1) }

    /// The request id of management records.
    static var managementID: UInt16 { UInt16(truncatingIfNeeded: FCGI_NULL_REQUEST_ID) }

    /// The most content one record carries.
    static var maximumContentLength: Int { Int(FCGI_MAX_LENGTH) }

    /// The header as one number in network order: one store or one load instead of five.
    private var packed: UInt64 {
        var packed = UInt64(Self.version) << 56 | UInt64(self.type.rawValue) << 48
        packed |= UInt64(self.requestID) << 32 | UInt64(self.contentLength) << 16
        return packed | UInt64(self.paddingLength) << 8
    }

    /// Appends the header to `buffer`.
    func write(into buffer: inout ByteBuffer) {
        buffer.writeInteger(self.packed)
    }

    /// Puts the header over the eight octets at `index`.
    func set(in buffer: inout ByteBuffer, at index: Int) {
        buffer.setInteger(self.packed, at: index)
    }
}

extension RecordHeader {
    /// What the eight octets at the front of a buffer say.
    enum Reading: Equatable {
        case incomplete
        case header(RecordHeader)
        case wrongVersion(UInt8)
    }

    /// Looks at the front of `buffer` and moves nothing.
    static func read(from buffer: ByteBuffer) -> Reading {
        guard let packed = buffer.getInteger(at: buffer.readerIndex, as: UInt64.self) else {
            // The first octet alone tells that the peer speaks something else: no need to wait for eight.
            if let version = buffer.getInteger(at: buffer.readerIndex, as: UInt8.self), version != self.version {
                return .wrongVersion(version)
            }
            return .incomplete
        }
        let version = UInt8(truncatingIfNeeded: packed >> 56)
        guard version == self.version else { return .wrongVersion(version) }
        return .header(
            RecordHeader(
                type: RecordType(rawValue: UInt8(truncatingIfNeeded: packed >> 48)),
                requestID: UInt16(truncatingIfNeeded: packed >> 32),
                contentLength: UInt16(truncatingIfNeeded: packed >> 16),
                paddingLength: UInt8(truncatingIfNeeded: packed >> 8)))
    }
}
