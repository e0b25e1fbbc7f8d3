internal import NIOCore

/// Writes the records an application sends.
enum RecordEncoder {
    /// Appends a whole record whose content is small.
    static func write(
        _ type: RecordType, requestID: UInt16, content: some Collection<UInt8>, into buffer: inout ByteBuffer
    ) {
        RecordHeader(
            type: type, requestID: requestID, contentLength: UInt16(truncatingIfNeeded: content.count)
        ).write(into: &buffer)
        buffer.writeBytes(content)
    }

    /// Appends END_REQUEST (section 5.5).
    static func writeEndRequest(
        _ requestID: UInt16, status: ProtocolStatus, applicationStatus: UInt32 = 0, into buffer: inout ByteBuffer
    ) {
        RecordHeader(type: .endRequest, requestID: requestID, contentLength: 8).write(into: &buffer)
        buffer.writeInteger(UInt64(applicationStatus) << 32 | UInt64(status.rawValue) << 24)
    }

    /// Appends the empty record that ends a stream (section 3.3).
    static func writeEndOfStream(_ type: RecordType, requestID: UInt16, into buffer: inout ByteBuffer) {
        RecordHeader(type: type, requestID: requestID, contentLength: 0).write(into: &buffer)
    }

    /// Appends UNKNOWN_TYPE (section 4.2).
    static func writeUnknownType(_ type: RecordType, into buffer: inout ByteBuffer) {
        RecordHeader(type: .unknownType, requestID: RecordHeader.managementID, contentLength: 8).write(into: &buffer)
        buffer.writeInteger(UInt64(type.rawValue) << 56)
    }

    /// Appends the text of a stream as as many records as it needs, none when it is empty.
    static func writeStream(_ type: RecordType, requestID: UInt16, text: ByteBuffer, into buffer: inout ByteBuffer) {
        var rest = text
        while rest.readableBytes > 0 {
            let length = min(rest.readableBytes, RecordHeader.maximumContentLength)
            guard var part = rest.readSlice(length: length) else { return }
            RecordHeader(
                type: type, requestID: requestID, contentLength: UInt16(truncatingIfNeeded: length)
            ).write(into: &buffer)
            buffer.writeBuffer(&part)
        }
    }
}
