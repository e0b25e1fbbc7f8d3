import LongwireProtocol
import LongwireSession
import NIOCore

/// Two session cores joined back to back on one event loop, by a line in memory that counts what is written to it.
final class MemoryLine {
    /// One end of the line.
    final class End: PathCarrier {
        let core: SessionCore
        private weak var line: MemoryLine?
        let isServer: Bool
        private var decoder = FrameDecoder()
        private var pending = ByteBuffer()
        private var path: UInt64 = 0
        var isWritable = true
        /// Calls of ``write(control:data:)`` that brought data or more than acknowledgements, and of ``flush()``.
        var writes = 0
        var flushes = 0

        init(core: SessionCore, line: MemoryLine, isServer: Bool) {
            self.core = core
            self.line = line
            self.isServer = isServer
        }

        func start() {
            core.turn { core in
                guard let path = core.machine.openPath(.duplex, now: .now()) else { return }
                self.path = path
                core.add(self, for: path)
            }
        }

        func write(control: ByteBuffer, data: ByteBuffer?) {
            writes += 1
            pending.writeImmutableBuffer(control)
            if let data { pending.writeImmutableBuffer(data) }
        }

        func flush() {
            flushes += 1
            let bytes = pending
            pending = ByteBuffer()
            line?.carry(bytes, from: self)
        }

        func close() { line?.carry(nil, from: self) }

        func received(_ bytes: ByteBuffer?) {
            core.turn { core in
                guard let bytes else {
                    core.forgetCarrier(of: path)
                    return isServer
                        ? core.machine.pathLost(path, now: .now()) : core.machine.responseEnded(on: path, now: .now())
                }
                if path > 0 { core.machine.bytesReceived(bytes.readableBytes, on: path, now: .now()) }
                decoder.append(bytes)
                while let frame = try? decoder.next() {
                    if case .open(let open) = frame {
                        guard core.machine.attach(open, now: .now()) == .attached else { continue }
                        path = open.path
                        core.add(self, for: path)
                        core.machine.bytesReceived(bytes.readableBytes, on: path, now: .now())
                    } else {
                        core.machine.frameReceived(frame, on: path, now: .now())
                    }
                }
            }
        }
    }

    private let eventLoop: any EventLoop
    private(set) var client: End?
    private(set) var server: End?
    /// While true what is written stays where it is.
    var isHeld = false
    private var held: [(ByteBuffer?, End)] = []

    init(eventLoop: any EventLoop, client: SessionConfiguration, server: SessionConfiguration) {
        self.eventLoop = eventLoop
        var random = SystemRandomNumberGenerator()
        let identifier = SessionIdentifier.random(using: &random)
        let token = SessionToken.random(using: &random)
        let wheel = TimerWheel(eventLoop: eventLoop)
        let clientCore = SessionCore(
            machine: SessionMachine(
                role: .client, configuration: client, identifier: identifier, token: token, now: .now()),
            wheel: wheel)
        let serverCore = SessionCore(
            machine: SessionMachine(
                role: .server, configuration: server, identifier: identifier, token: token,
                instance: .random(using: &random), now: .now()),
            wheel: wheel)
        self.client = End(core: clientCore, line: self, isServer: false)
        self.server = End(core: serverCore, line: self, isServer: true)
        self.client?.start()
    }

    fileprivate func carry(_ bytes: ByteBuffer?, from end: End) {
        if isHeld { return held.append((bytes, end)) }
        guard let other = end.isServer ? client : server else { return }
        let bound = NIOLoopBound(other, eventLoop: eventLoop)
        eventLoop.execute { bound.value.received(bytes) }
    }

    func release() {
        isHeld = false
        let held = held
        self.held = []
        for (bytes, end) in held { carry(bytes, from: end) }
    }
}

/// The two sessions of a ``MemoryLine``, for tests on any thread.
struct MemoryPair: Sendable {
    let eventLoop: any EventLoop
    let client: Session
    let server: Session
    private let line: NIOLoopBound<MemoryLine>

    init(
        on eventLoop: any EventLoop, client: SessionConfiguration = SessionConfiguration(),
        server: SessionConfiguration = SessionConfiguration()
    ) async throws {
        self.eventLoop = eventLoop
        (self.client, self.server, line) = try await eventLoop.submit {
            let line = MemoryLine(eventLoop: eventLoop, client: client, server: server)
            guard let clientEnd = line.client, let serverEnd = line.server else { throw ChannelError.ioOnClosedChannel }
            return (Session(clientEnd.core), Session(serverEnd.core), NIOLoopBound(line, eventLoop: eventLoop))
        }.get()
        // Opened once both ends know of a used path.
        while await self.client.status.transport == nil { await Task.yield() }
        while await self.server.status.transport == nil { await Task.yield() }
    }

    /// Runs `body` on the event loop with the line.
    func onLoop<Value: Sendable>(_ body: @escaping @Sendable (MemoryLine) throws -> Value) async throws -> Value {
        try await eventLoop.submit { [line] in try body(line.value) }.get()
    }
}
