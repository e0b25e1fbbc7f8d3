internal import HTTPTypes
internal import NIOCore

/// What goes to the peer. Nothing is copied: the header of a record and the caller's buffer are two writes, which the
/// channel gathers into one system call.
extension FastCGIChannelHandler {
    var isWritable: Bool {
        self.phase == .open && self.isChannelWritable
    }

    /// Flushes now, or at the end of the read that is being handled.
    func flush() {
        if self.isInRead {
            self.needsFlush = true
        } else {
            self.context?.flush()
        }
    }

    func flushIfNeeded() {
        guard self.needsFlush else { return }
        self.needsFlush = false
        self.context?.flush()
    }

    /// Writes a stream as records of at most 65535 bytes; nothing for an empty buffer, which would end the stream.
    func writeStream(_ type: RecordType, id: UInt16, _ body: ByteBuffer) {
        guard let context = self.context else { return }
        if body.readableBytes <= RecordHeader.maximumContentLength {
            guard body.readableBytes > 0 else { return }
            return self.writeRecord(type, id: id, body, context)
        }
        var rest = body
        while rest.readableBytes > 0 {
            let length = min(rest.readableBytes, RecordHeader.maximumContentLength)
            guard let part = rest.readSlice(length: length) else { return }
            self.writeRecord(type, id: id, part, context)
        }
    }

    private func writeRecord(_ type: RecordType, id: UInt16, _ content: ByteBuffer, _ context: ChannelHandlerContext) {
        // Takes fresh storage only while an earlier header still waits in the channel.
        self.loop.recordHeader.clear()
        RecordHeader(type: type, requestID: id, contentLength: UInt16(truncatingIfNeeded: content.readableBytes))
            .write(into: &self.loop.recordHeader)
        context.write(self.wrapOutboundOut(self.loop.recordHeader), promise: nil)
        context.write(self.wrapOutboundOut(content), promise: nil)
    }

    /// Writes a body whose first eight bytes are room for the header of its record.
    func writeReserved(id: UInt16, _ buffer: inout ByteBuffer) {
        guard let context = self.context else { return }
        let length = buffer.readableBytes - RecordHeader.byteCount
        guard length > 0 else { return }
        let first = min(length, RecordHeader.maximumContentLength)
        RecordHeader(type: .stdout, requestID: id, contentLength: UInt16(truncatingIfNeeded: first))
            .set(in: &buffer, at: buffer.readerIndex)
        guard first < length else { return context.write(self.wrapOutboundOut(buffer), promise: nil) }
        var rest = buffer
        guard let record = rest.readSlice(length: RecordHeader.byteCount + first) else { return }
        context.write(self.wrapOutboundOut(record), promise: nil)
        self.writeStream(.stdout, id: id, rest)
    }

    /// Writes the head of a response.
    func writeHead(id: UInt16, _ response: HTTPResponse) {
        guard let context = self.context else { return }
        var buffer = context.channel.allocator.buffer(capacity: 512)
        buffer.writeInteger(UInt64(0))
        ResponseHead.write(response, into: &buffer)
        self.writeReserved(id: id, &buffer)
    }

    /// Writes the head of a response with the value of its last field.
    ///
    /// - Parameter piece: room for a record's header, and what of the body goes with it.
    func writeHead(
        id: UInt16, _ template: FastCGIResponseTemplate, _ value: String, piece: ByteBuffer = ByteBuffer()
    ) {
        guard let context = self.context else { return }
        let count = template.text.readableBytes + value.utf8.count + piece.readableBytes
        var buffer = context.channel.allocator.buffer(capacity: count + 16)
        buffer.writeInteger(UInt64(0))
        buffer.writeImmutableBuffer(template.text)
        // Through a field, so that nothing in it can begin another.
        HTTPField(name: template.lastField, value: value).withUnsafeBytesOfValue { _ = buffer.writeBytes($0) }
        buffer.writeStaticString("\r\n\r\n")
        if piece.readableBytes > RecordHeader.byteCount {
            piece.withUnsafeReadableBytes { _ = buffer.writeBytes($0.dropFirst(RecordHeader.byteCount)) }
        }
        self.writeReserved(id: id, &buffer)
    }

    /// Writes a whole response, head and body in one record, and ends the request.
    func writeWhole(id: UInt16, _ template: FastCGIResponseTemplate, _ body: ByteBuffer) {
        guard let context = self.context else { return }
        let text = template.text.readableBytes
        var buffer = context.channel.allocator.buffer(capacity: text + body.readableBytes + 64)
        buffer.writeInteger(UInt64(0))
        buffer.writeImmutableBuffer(template.text)
        buffer.writeString(String(body.readableBytes))
        buffer.writeStaticString("\r\n\r\n")
        buffer.writeImmutableBuffer(body)
        let length = buffer.readableBytes - RecordHeader.byteCount
        RecordHeader(type: .stdout, requestID: id, contentLength: UInt16(truncatingIfNeeded: length))
            .set(in: &buffer, at: buffer.readerIndex)
        RecordEncoder.writeEndOfStream(.stdout, requestID: id, into: &buffer)
        RecordEncoder.writeEndRequest(id, status: .requestComplete, into: &buffer)
        self.writeLast(buffer)
    }

    /// Ends a request, and the connection too where that was its last one.
    func writeEnd(
        _ id: UInt16, status: ProtocolStatus, applicationStatus: UInt32 = 0, afterOutput: Bool = false,
        afterErrors: Bool = false
    ) {
        var buffer = ByteBufferAllocator().buffer(capacity: 32)
        if afterErrors { RecordEncoder.writeEndOfStream(.stderr, requestID: id, into: &buffer) }
        if afterOutput { RecordEncoder.writeEndOfStream(.stdout, requestID: id, into: &buffer) }
        RecordEncoder.writeEndRequest(id, status: status, applicationStatus: applicationStatus, into: &buffer)
        self.writeLast(buffer)
    }

    /// Writes a whole response of our own.
    func writeRefusal(_ id: UInt16, _ refusal: Refusal) {
        var text = ByteBuffer()
        let status = HTTPResponse.Status(code: refusal.status)
        var response = HTTPResponse(status: status)
        response.headerFields[.contentType] = "text/plain; charset=utf-8"
        response.headerFields[.cacheControl] = "no-store"
        ResponseHead.write(response, into: &text)
        text.writeString(refusal.reason + "\n")
        var buffer = ByteBufferAllocator().buffer(capacity: text.readableBytes + 40)
        RecordEncoder.writeStream(.stdout, requestID: id, text: text, into: &buffer)
        RecordEncoder.writeEndOfStream(.stdout, requestID: id, into: &buffer)
        RecordEncoder.writeEndRequest(id, status: .requestComplete, into: &buffer)
        self.writeLast(buffer)
    }

    /// Answers a management record.
    func reply(_ fill: (inout ByteBuffer) -> Void) {
        guard let context = self.context else { return }
        var buffer = ByteBufferAllocator().buffer(capacity: 64)
        fill(&buffer)
        self.hasWrittenReplies = true
        context.write(self.wrapOutboundOut(buffer), promise: nil)
        self.flush()
    }

    private func writeLast(_ buffer: ByteBuffer) {
        guard let context = self.context else { return }
        guard self.machine.isFinished, self.phase == .open else {
            return context.write(self.wrapOutboundOut(buffer), promise: nil)
        }
        self.phase = .ending
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { _ in self.closeAfterLastResponse() }
        context.write(self.wrapOutboundOut(buffer), promise: written)
    }

    /// Closes; where the peer may still be sending, only our half at first, since closing a socket with unread input
    /// resets the connection and can take the response with it.
    private func closeAfterLastResponse() {
        guard let context = self.context, self.phase == .ending else { return }
        guard self.machine.hasUnreadInput else { return context.close(promise: nil) }
        context.close(mode: .output, promise: nil)
        self.resumeReading()
        context.eventLoop.assumeIsolated().scheduleTask(in: self.server.configuration.lingerTimeout) { [weak self] in
            guard let self, self.phase == .ending else { return }
            self.context?.close(promise: nil)
        }
    }
}
