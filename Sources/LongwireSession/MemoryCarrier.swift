internal import LongwireProtocol
package import NIOCore

/// One end of a path within one event loop: what is written arrives at the other end in a later turn of the loop.
package final class MemoryCarrier: PathCarrier {
    private let path: UInt64
    private let core: SessionCore
    private let eventLoop: any EventLoop
    /// The other end, for as long as the path is open.
    private var other: MemoryCarrier?
    private var decoder = FrameDecoder()
    private var written = ByteBuffer()

    private init(path: UInt64, core: SessionCore, eventLoop: any EventLoop) {
        self.path = path
        self.core = core
        self.eventLoop = eventLoop
    }

    /// Opens the next path between two cores of one event loop.
    ///
    /// - Returns: its two ends; nil when the client's session has ended.
    @discardableResult
    package static func join(client: SessionCore, server: SessionCore) -> [MemoryCarrier]? {
        guard let path = client.machine.openPath(.duplex, now: .now()) else { return nil }
        let up = MemoryCarrier(path: path, core: client, eventLoop: client.eventLoop)
        let down = MemoryCarrier(path: path, core: server, eventLoop: client.eventLoop)
        up.other = down
        down.other = up
        client.turn { $0.add(up, for: path) }
        return [up, down]
    }

    package let isWritable = true

    package func write(control: ByteBuffer, data: ByteBuffer?) {
        written.writeImmutableBuffer(control)
        if let data { written.writeImmutableBuffer(data) }
    }

    package func flush() {
        guard written.readableBytes > 0, let other else { return }
        let bytes = written
        written = ByteBuffer()
        let receiver = NIOLoopBound(other, eventLoop: eventLoop)
        eventLoop.execute { receiver.value.received(bytes) }
    }

    /// This end closes: the other one hears of it after everything written before.
    package func close() {
        guard let other else { return }
        self.other = nil
        let receiver = NIOLoopBound(other, eventLoop: eventLoop)
        eventLoop.execute { receiver.value.ended() }
    }

    private func ended() {
        guard other != nil else { return }
        other = nil
        core.turn { core in
            core.forgetCarrier(of: path)
            if core.machine.role == .client {
                core.machine.responseEnded(on: path, now: .now())
            } else {
                core.machine.pathLost(path, now: .now())
            }
        }
    }

    /// The line broke.
    package func lost() {
        guard other != nil else { return }
        other = nil
        core.turn { core in
            core.forgetCarrier(of: path)
            core.machine.pathLost(path, now: .now())
        }
    }

    private func received(_ bytes: ByteBuffer) {
        guard other != nil else { return }
        core.turn { core in
            decoder.append(bytes)
            let now = NIODeadline.now()
            do {
                while let frame = try decoder.next() {
                    if case .open(let open) = frame {
                        switch core.machine.attach(open, now: now) {
                        case .attached: core.add(self, for: path)
                        case .closeAtOnce: return close()
                        case .refused(let code, let reason):
                            let received = core.machine.inbox.received
                            let abort = AbortFrame(received: received, code: code, reason: reason)
                            write(control: FrameEncoder.encoded(.abort(abort)), data: nil)
                            flush()
                            return close()
                        }
                    } else {
                        core.machine.frameReceived(frame, on: path, now: now)
                    }
                }
                core.machine.bytesReceived(bytes.readableBytes, on: path, now: now)
                decoder.readCompleted()
            } catch {
                core.machine.inputUnreadable(on: path, reason: "\(error)", now: now)
            }
        }
    }
}
