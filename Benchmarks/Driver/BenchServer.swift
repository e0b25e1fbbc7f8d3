internal import FastCGI
internal import LongwireServer
internal import NIOCore
internal import NIOPosix

/// Servlets that only a measurement needs, over FastCGI: the asynchronous echo, and answers of another size than what
/// was asked.
enum BenchServer {
    /// The size of a large message.
    private static let large = 16_384

    /// Sends every message back, in a task.
    private struct TaskEcho: Servlet {
        func service(_ session: Session) async throws {
            for try await message in session.messages { try await session.send(message) }
        }
    }

    /// Answers with the last eight bytes: what goes up is nearly everything.
    private struct Up: InlineServlet {
        func received(_ message: Message, in session: Session) {
            let payload = message.payload
            let count = min(payload.readableBytes, 8)
            guard let end = payload.getSlice(at: payload.writerIndex - count, length: count) else { return }
            _ = session.offer(Message(end))
        }
    }

    /// Answers with the eight bytes of the message again and again: what comes down is nearly everything.
    private struct Down: InlineServlet {
        func received(_ message: Message, in session: Session) {
            let payload = message.payload
            guard let word = payload.getInteger(at: payload.readerIndex, as: UInt64.self) else { return }
            var answer = ByteBufferAllocator().buffer(capacity: large)
            answer.writeWithUnsafeMutableBytes(minimumWritableBytes: large) { bytes in
                for place in stride(from: 0, to: large, by: 8) {
                    bytes.storeBytes(of: word.bigEndian, toByteOffset: place, as: UInt64.self)
                }
                return large
            }
            _ = session.offer(Message(answer))
        }
    }

    /// Serves at addresses of FastCGI, below /served, until the process is ended.
    static func serve(at addresses: [String], on group: any EventLoopGroup) async throws {
        var configuration = MountConfiguration()
        configuration.path = "/served"
        // Nothing moves to another transaction meanwhile.
        configuration.session.greatestAge = .zero
        configuration.session.greatestSize = 0
        let mount = try Mount(
            servlets: ["echo": .task(TaskEcho()), "up": .inline(Up()), "down": .inline(Down())],
            configuration: configuration)
        let server = mount.fastCGIServer()
        var listeners: [FastCGIListener] = []
        for address in addresses {
            listeners.append(try await server.bind(to: BindAddress(parsing: address), on: group))
        }
        // Whoever started it ends it.
        while !Task.isCancelled { try await Task.sleep(for: .seconds(3600)) }
        for listener in listeners { await listener.close() }
    }
}
