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
/// A request is one line, `sessions` or `close IDENTIFIER CODE REASON`; the answer is lines of JSON, or `ok`, or one
/// line that begins with `error:`. Then the connection is closed. Whoever may write to the socket's file may do this:
/// it is made with mode 0600.
public final class OperatorSocket: Sendable {
    private let channel: any Channel
    private let path: String

    private init(channel: any Channel, path: String) {
        self.channel = channel
        self.path = path
    }

    /// Listens at `path`, replacing a socket file that nobody listens at.
    ///
    /// - Throws: ``OperatorSocketError`` when a living process has this path, or the system's error.
    public static func bind(path: String, mount: Mount, on group: any EventLoopGroup) async throws -> OperatorSocket {
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
        // The six letters are what mkdtemp(3) replaces to find a name that nobody has.
        var template = Array((path + ".XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else {
            throw OperatorSocketError("no folder can be made beside \(path): \(String(cString: strerror(errno)))")
        }
        let folder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        let made = folder + "/s"
        defer {
            unlink(made)
            rmdir(folder)
        }
        let channel = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(OperatorHandler(mount: mount))
                }
            }
            .bind(unixDomainSocketPath: made).get()
        guard chmod(made, 0o600) == 0, rename(made, path) == 0 else {
            let why = String(cString: strerror(errno))
            try? await channel.close()
            throw OperatorSocketError("the socket cannot be put at \(path): \(why)")
        }
        return OperatorSocket(channel: channel, path: path)
    }

    /// Closes the socket and removes its file.
    public func close() async {
        try? await channel.close()
        unlink(path)
    }

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
