internal import NIOCore
internal import NIOPosix

/// Turns addresses into listeners.
struct Binder {
    let server: FastCGIServer
    let group: any EventLoopGroup
    private let registry = ConnectionRegistry()

    init(server: FastCGIServer, group: any EventLoopGroup) {
        self.server = server
        self.group = group
    }

    func bind(to address: BindAddress) async throws -> FastCGIListener {
        switch address.kind {
        case .tcp(let host, let port):
            return FastCGIListener(sockets: [.init(try await self.bindTCP(host, port))], registry: self.registry)
        case .unix(let path, let options):
            let bound = try UnixSocket(path: path, options: options).listen(backlog: self.backlog)
            let channel = try await self.adopt(bound.descriptor)
            return FastCGIListener(
                sockets: [.init(channel, path: path, identity: bound.identity)], registry: self.registry)
        case .descriptor(let number):
            let channel = try await self.adopt(try Self.inherited(number))
            return FastCGIListener(sockets: [.init(channel)], registry: self.registry)
        case .systemd(let name):
            return try await self.bindSystemd(name)
        }
    }

    private var backlog: Int { self.server.configuration.backlog }

    private func bindTCP(_ host: String, _ port: Int) async throws -> any Channel {
        do {
            return try await self.bootstrap.bind(host: host, port: port).get()
        } catch let error as IOError {
            throw Self.explain(error, host, port)
        } catch is SocketAddressError {
            throw FastCGIError(
                .invalidAddress, "The host '\(host)' cannot be found: write an address of this machine.")
        }
    }

    private static func explain(_ error: IOError, _ host: String, _ port: Int) -> FastCGIError {
        switch error.errnoCode {
        case SystemCalls.addressInUse:
            FastCGIError(
                .addressInUse,
                "Another process listens on \(host) port \(port): stop it (ss -ltnp shows it) or choose another port.")
        case SystemCalls.accessDenied:
            FastCGIError(
                .permissionDenied,
                "The user of this program may not listen on port \(port): choose one above 1023.")
        case SystemCalls.addressNotAvailable:
            FastCGIError(.invalidAddress, "\(host) is no address of this machine: choose one that is.")
        default:
            FastCGIError(
                .systemError,
                "Could not listen on \(host) port \(port): \(SystemCalls.text(error.errnoCode)).")
        }
    }

    private func bindSystemd(_ name: String?) async throws -> FastCGIListener {
        let sockets = try SystemdSockets(environment: Environment.value, processID: Environment.processID)
        var adopted: [FastCGIListener.Socket] = []
        do {
            for descriptor in try sockets.descriptors(named: name) {
                adopted.append(.init(try await self.adopt(try Self.inherited(descriptor))))
            }
        } catch {
            for socket in adopted { try? await socket.channel.close() }
            throw error
        }
        return FastCGIListener(sockets: adopted, registry: self.registry)
    }

    /// Checks a descriptor the process was started with and makes it fit for the event loop.
    private static func inherited(_ number: Int32) throws(FastCGIError) -> Int32 {
        if number == 0 {
            guard InheritedSocket.isPresent, SystemCalls.isListening(0) else {
                throw FastCGIError(
                    .notAListeningSocket,
                    "Descriptor 0 is not a listening socket: start this program with spawn-fcgi, or from a web server "
                        + "that does so itself (lighttpd: bin-path), or name an address to listen on instead.")
            }
            let moved = SystemCalls.moveAwayFromStandardInput()
            guard moved >= 0 else {
                throw FastCGIError(
                    .systemError, "Descriptor 0 cannot be moved: \(SystemCalls.text(SystemCalls.lastError)).")
            }
            SystemCalls.setNonBlocking(moved)
            return moved
        }
        guard SystemCalls.isListening(number) else {
            throw FastCGIError(
                .notAListeningSocket,
                "Descriptor \(number) is not a listening stream socket: whoever starts this program must pass one "
                    + "(for systemd: ListenStream= with Accept=no).")
        }
        SystemCalls.setNonBlocking(number)
        SystemCalls.setCloseOnExec(number)
        return number
    }

    /// Accepts from a socket that listens already; closes it when that fails.
    private func adopt(_ descriptor: Int32) async throws -> any Channel {
        do {
            return try await self.bootstrap.withBoundSocket(descriptor).get()
        } catch {
            throw FastCGIError(.systemError, "The socket on descriptor \(descriptor) cannot be used: \(error).")
        }
    }

    private var bootstrap: ServerBootstrap {
        let server = self.server
        let registry = self.registry
        let configuration = server.configuration
        let readBytes = max(512, configuration.readBufferBytes)
        let high = max(1, configuration.writeHighWaterMark)
        let low = min(max(1, configuration.writeLowWaterMark), high)
        return ServerBootstrap(group: self.group)
            .serverChannelOption(.backlog, value: Int32(clamping: configuration.backlog))
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.recvAllocator, value: LeanReceiveAllocator(greatest: readBytes))
            // A channel keeps as many buffers as it reads at a time.
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(.writeBufferWaterMark, value: .init(low: low, high: high))
            .childChannelInitializer { channel in server.configure(channel, registry: registry) }
    }
}
