package import FastCGI
internal import LongwireProtocol
internal import LongwireSession
public import NIOCore
internal import NIOPosix

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// The local socket at which an operator lists and ends sessions.
///
/// A request is one line, `sessions` or `close IDENTIFIER CODE REASON`, with longwired also `upgrade`; the answer is
/// lines of JSON, or `ok`, or one line that begins with `error:`. Then the connection is closed. Whoever may write to
/// the socket's file may do this: it is made with mode 0600.
public final class OperatorSocket: Sendable {
    /// Answers a request that is the program's own affair.
    package typealias Command = @Sendable () async -> String

    private let channel: any Channel
    private let path: String
    /// What another process needs to go on listening here.
    package let descriptor: Int32

    private init(channel: any Channel, path: String, descriptor: Int32) {
        self.channel = channel
        self.path = path
        self.descriptor = descriptor
    }

    /// Listens at `path`, replacing a socket file that nobody listens at.
    ///
    /// - Throws: ``OperatorSocketError`` when a living process has this path, or the system's error.
    public static func bind(path: String, mount: Mount, on group: any EventLoopGroup) async throws -> OperatorSocket {
        let socket = try await open(path: path, on: group)
        return try await listen(on: socket, path: path, mount: mount, group: group)
    }

    /// Answers operators at a socket that listens already, and is at `path`.
    ///
    /// - Parameter commands: what the program answers itself, by the request.
    package static func listen(
        on socket: ListeningSocket, path: String, mount: Mount, group: any EventLoopGroup,
        commands: [String: Command] = [:]
    ) async throws -> OperatorSocket {
        let channel = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(OperatorHandler(mount: mount, commands: commands))
                }
            }
            .withBoundSocket(socket.descriptor).get()
        return OperatorSocket(channel: channel, path: path, descriptor: socket.descriptor)
    }

    /// Makes the socket at `path`, replacing a socket file that nobody listens at.
    package static func open(path: String, on group: any EventLoopGroup) async throws -> ListeningSocket {
        if let probe = try? await ClientBootstrap(group: group).connect(unixDomainSocketPath: path).get() {
            try? await probe.close()
            throw OperatorSocketError("another process listens at \(path); name another path with --control")
        }
        var status = stat()
        guard lstat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFSOCK else {
            throw OperatorSocketError("\(path) exists and is no socket; name another path with --control")
        }
        // It is made in a folder that nobody else may enter and moved out with its mode: at no moment may others
        // connect. The process's umask would do for one thread only.
        let folder = try PrivateFolder.make(path + ".")
        let made = folder + "/s"
        defer {
            unlink(made)
            rmdir(folder)
        }
        guard let socket = try BindAddress.unix(path: made).open(backlog: 128).first else {
            throw OperatorSocketError("no socket can be made at \(path)")
        }
        guard chmod(made, 0o600) == 0, rename(made, path) == 0 else {
            let why = String(cString: strerror(errno))
            socket.release()
            throw OperatorSocketError("the socket cannot be put at \(path): \(why)")
        }
        return socket
    }

    /// Closes the socket and removes its file.
    public func close() async {
        try? await channel.close()
        unlink(path)
    }

    /// Closes the socket where another process goes on: its file stays.
    package func release() async { try? await channel.close() }

    /// Sends one request to the process behind `path`.
    ///
    /// - Returns: the lines of its answer.
    public static func ask(_ request: String, path: String, on group: any EventLoopGroup) async throws -> [String] {
        let answer = group.any().makePromise(of: [String].self)
        let channel: any Channel
        do {
            channel = try await ClientBootstrap(group: group)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(AnswerHandler(answer))
                    }
                }
                .connect(unixDomainSocketPath: path).get()
        } catch {
            answer.fail(error)
            throw OperatorSocketError(
                "no longwired listens at \(path) (\(error)); is it running, and with the same --control?")
        }
        try await channel.writeAndFlush(ByteBuffer(string: request + "\n"))
        let lines = try await answer.futureResult.get()
        if let first = lines.first, first.hasPrefix("error: ") {
            throw OperatorSocketError(String(first.dropFirst(7)))
        }
        return lines
    }
}

/// What went wrong at the operator's socket, as a sentence.
public struct OperatorSocketError: Error, Sendable, CustomStringConvertible {
    /// What is wrong, and what to do.
    public let description: String

    init(_ description: String) { self.description = description }
}

/// Collects an answer to its end.
private final class AnswerHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let answer: EventLoopPromise<[String]>
    private var collected = ByteBuffer()

    init(_ answer: EventLoopPromise<[String]>) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        collected.writeImmutableBuffer(unwrapInboundIn(data))
    }

    func channelInactive(context: ChannelHandlerContext) {
        answer.succeed(String(buffer: collected).split(separator: "\n").map(String.init))
    }
}
