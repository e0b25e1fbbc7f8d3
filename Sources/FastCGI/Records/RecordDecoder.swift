internal import NIOCore

/// Cuts the bytes of a connection into records, in one pass and without copying what arrived whole.
///
/// Content that lies in one read is a slice of that read's buffer. Only a record that is spread over reads is
/// gathered, and of the read that completes it only the missing bytes are copied. Content is given out before its
/// padding has come; padding is skipped. Idle, the decoder holds no buffer.
struct RecordDecoder {
    /// What the next bytes amount to.
    enum Result: Equatable {
        /// A record, its content complete.
        case record(RecordHeader, ByteBuffer)
        /// The buffer is used up.
        case needsMore
        /// The peer does not speak FastCGI 1.0, or framing is lost: nothing after this can be trusted.
        case wrongVersion(UInt8)
    }

    /// The beginning of a record whose rest has not come.
    private var partial: ByteBuffer?
    private var paddingToSkip: UInt8 = 0

    /// Whether a record has begun and not ended.
    var isWithinRecord: Bool {
        self.partial != nil || self.paddingToSkip > 0
    }

    /// Bytes kept between reads.
    var bufferedBytes: Int {
        self.partial?.readableBytes ?? 0
    }

    /// Takes the next record off the front of `buffer`; to be called until it says `needsMore`.
    mutating func next(from buffer: inout ByteBuffer) -> Result {
        if self.paddingToSkip > 0 {
            let skipped = UInt8(min(Int(self.paddingToSkip), buffer.readableBytes))
            buffer.moveReaderIndex(forwardBy: Int(skipped))
            self.paddingToSkip -= skipped
        }
        if buffer.readableBytes == 0 { return .needsMore }
        if self.partial != nil { return self.complete(from: &buffer) }

        switch RecordHeader.read(from: buffer) {
        case .wrongVersion(let version):
            return .wrongVersion(version)
        case .incomplete:
            self.keep(&buffer, of: RecordHeader.byteCount)
            return .needsMore
        case .header(let header):
            let length = RecordHeader.byteCount + Int(header.contentLength)
            guard buffer.readableBytes >= length else {
                self.keep(&buffer, of: length)
                return .needsMore
            }
            buffer.moveReaderIndex(forwardBy: RecordHeader.byteCount)
            return self.take(header, from: &buffer)
        }
    }

    /// Goes on with a record that began in an earlier read.
    private mutating func complete(from buffer: inout ByteBuffer) -> Result {
        guard var gathered = self.partial else { return .needsMore }
        self.partial = nil  // so that `gathered` is the only reference and grows in place
        Self.fill(&gathered, upTo: RecordHeader.byteCount, from: &buffer)
        switch RecordHeader.read(from: gathered) {
        case .wrongVersion(let version):
            return .wrongVersion(version)
        case .incomplete:
            self.partial = gathered
            return .needsMore
        case .header(let header):
            let length = RecordHeader.byteCount + Int(header.contentLength)
            Self.fill(&gathered, upTo: length, from: &buffer)
            guard gathered.readableBytes == length else {
                self.partial = gathered
                return .needsMore
            }
            gathered.moveReaderIndex(forwardBy: RecordHeader.byteCount)
            self.skipPadding(of: header, in: &buffer)
            return .record(header, gathered)
        }
    }

    private mutating func take(_ header: RecordHeader, from buffer: inout ByteBuffer) -> Result {
        guard let content = buffer.readSlice(length: Int(header.contentLength)) else { return .needsMore }
        self.skipPadding(of: header, in: &buffer)
        return .record(header, content)
    }

    private mutating func skipPadding(of header: RecordHeader, in buffer: inout ByteBuffer) {
        let present = min(Int(header.paddingLength), buffer.readableBytes)
        buffer.moveReaderIndex(forwardBy: present)
        self.paddingToSkip = header.paddingLength - UInt8(present)
    }

    /// Copies what is left of the read into a buffer that will hold `length` bytes.
    private mutating func keep(_ buffer: inout ByteBuffer, of length: Int) {
        var gathered = ByteBufferAllocator().buffer(capacity: length)
        gathered.writeBuffer(&buffer)
        self.partial = gathered
    }

    private static func fill(_ gathered: inout ByteBuffer, upTo length: Int, from buffer: inout ByteBuffer) {
        let missing = min(length - gathered.readableBytes, buffer.readableBytes)
        guard missing > 0, var part = buffer.readSlice(length: missing) else { return }
        gathered.reserveCapacity(minimumWritableBytes: length - gathered.readableBytes)
        gathered.writeBuffer(&part)
    }
}
