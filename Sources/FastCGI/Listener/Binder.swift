internal import NIOCore
internal import NIOPosix

/// Turns listening sockets into listeners.
struct Binder {
    let server: FastCGIServer
    let group: any EventLoopGroup
    private let registry = ConnectionRegistry()

    init(server: FastCGIServer, group: any EventLoopGroup) {
        self.server = server
        self.group = group
    }

    func listen(on sockets: [ListeningSocket]) async throws -> FastCGIListener {
        var adopted: [FastCGIListener.Socket] = []
        for (index, socket) in sockets.enumerated() {
            do {
                adopted.append(.init(try await self.adopt(socket), socket))
            } catch {
                for other in adopted { try? await other.channel.close() }
                // The one that failed is closed by who failed.
                for other in sockets[(index + 1)...] { other.discard() }
                throw error
            }
        }
        return FastCGIListener(sockets: adopted, registry: self.registry)
    }

    /// Accepts from a socket that listens already; closes it when that fails.
    private func adopt(_ socket: ListeningSocket) async throws -> any Channel {
        do {
            return try await socket.accept(self.bootstrap, backlog: self.server.configuration.backlog)
        } catch {
            throw FastCGIError(.systemError, "The socket on descriptor \(socket.descriptor) cannot be used: \(error).")
        }
    }

    private var bootstrap: ServerBootstrap {
        let server = self.server
        let loops = ConnectionLoops(server: server.shared, registry: self.registry)
        let configuration = server.configuration
        let readBytes = max(512, configuration.readBufferBytes)
        let high = max(1, configuration.writeHighWaterMark)
        let low = min(max(1, configuration.writeLowWaterMark), high)
        return ServerBootstrap(group: self.group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.recvAllocator, value: LeanReceiveAllocator(greatest: readBytes))
            // A channel keeps as many buffers as it reads at a time.
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(.writeBufferWaterMark, value: .init(low: low, high: high))
            .childChannelInitializer { channel in server.configure(channel, loops: loops) }
    }
}
