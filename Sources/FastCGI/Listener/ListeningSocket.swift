package import NIOCore
package import NIOPosix

/// A socket that listens already, and what belongs to it: the step between an address and who accepts there.
///
/// Sockets are opened before anything accepts from them, so that a server whose last address cannot be had has not begun
/// to serve at the first; and they can be another process's, which goes on where that one stops.
package struct ListeningSocket: Sendable {
    /// The descriptor, until somebody accepts from it: then it is closed with the listener.
    package let descriptor: Int32
    /// The file of a unix socket, which is removed with it.
    let path: String?
    let identity: SystemCalls.FileIdentity?

    init(_ descriptor: Int32, path: String? = nil, identity: SystemCalls.FileIdentity? = nil) {
        self.descriptor = descriptor
        self.path = path
        self.identity = identity
    }

    /// Removes the file of a unix socket, unless another process has put its own there.
    package func removeFile() { if let path { UnixSocket.remove(path, ifStill: identity) } }

    /// Closes a socket that nobody will accept from, with its file.
    package func discard() {
        removeFile()
        SystemCalls.closeDescriptor(descriptor)
    }

    /// Closes a socket that another process goes on with: its file stays.
    package func release() { SystemCalls.closeDescriptor(descriptor) }

    /// Accepts from it, with so many connections in the system's queue.
    ///
    /// SwiftNIO gives every socket that it adopts a queue of 128, whatever it had and whatever the options say, and
    /// accepts four connections a turn of the event loop: too few where thousands of sessions come by in every turn.
    package func accept(_ bootstrap: ServerBootstrap, backlog: Int = 4096) async throws -> any Channel {
        let channel = try await bootstrap.serverChannelOption(.maxMessagesPerRead, value: 64)
            .withBoundSocket(descriptor).get()
        let error = SystemCalls.listenOn(descriptor, backlog: backlog)
        guard error == 0 else {
            try? await channel.close()
            throw FastCGIError(
                .systemError, "Connections cannot wait at descriptor \(descriptor): \(SystemCalls.text(error)).")
        }
        return channel
    }

    /// A listening socket that is no business of this library's: closed by whoever passes it on.
    package init(passed descriptor: Int32) { self.init(descriptor) }
}

extension BindAddress {
    /// The listening sockets of an address: one, or as many as a service manager passed.
    ///
    /// Connections wait in them from now on.
    package func open(backlog: Int = 4096) throws(FastCGIError) -> [ListeningSocket] {
        switch kind {
        case .tcp(let host, let port): return [ListeningSocket(try Self.listen(host, port, backlog: backlog))]
        case .unix(let path, let options):
            let bound = try UnixSocket(path: path, options: options).listen(backlog: backlog)
            return [ListeningSocket(bound.descriptor, path: path, identity: bound.identity)]
        case .descriptor(let number): return [ListeningSocket(try Self.inherited(number))]
        case .systemd(let name):
            let sockets = try SystemdSockets(environment: Environment.value, processID: Environment.processID)
            var opened: [ListeningSocket] = []
            for descriptor in try sockets.descriptors(named: name) {
                opened.append(ListeningSocket(try Self.inherited(descriptor)))
            }
            return opened
        }
    }

    /// The listening sockets of an address that another process has opened and passed on.
    package func takeOver(_ descriptors: [Int32]) throws(FastCGIError) -> [ListeningSocket] {
        var taken: [ListeningSocket] = []
        for descriptor in descriptors {
            let number = try Self.inherited(descriptor)
            guard case .unix(let path, _) = kind else {
                taken.append(ListeningSocket(number))
                continue
            }
            taken.append(ListeningSocket(number, path: path, identity: SystemCalls.identity(path)))
        }
        return taken
    }

    private static func listen(_ host: String, _ port: Int, backlog: Int) throws(FastCGIError) -> Int32 {
        let address: SocketAddress
        do { address = try SocketAddress.makeAddressResolvingHost(host, port: port) } catch {
            throw FastCGIError(
                .invalidAddress, "The host '\(host)' cannot be found: write an address of this machine.")
        }
        let descriptor = SystemCalls.streamSocket(address.protocol.rawValue)
        guard descriptor >= 0 else { throw explain(SystemCalls.lastError, host, port) }
        SystemCalls.reuseAddress(descriptor)
        var error = address.withSockAddr { SystemCalls.bind(descriptor, $0, $1) }
        if error == 0 { error = SystemCalls.listenOn(descriptor, backlog: backlog) }
        guard error == 0 else {
            SystemCalls.closeDescriptor(descriptor)
            throw explain(error, host, port)
        }
        SystemCalls.setNonBlocking(descriptor)
        return descriptor
    }

    private static func explain(_ error: Int32, _ host: String, _ port: Int) -> FastCGIError {
        switch error {
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
                .systemError, "Could not listen on \(host) port \(port): \(SystemCalls.text(error)).")
        }
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
}
