package import NIOCore
internal import NIOPosix

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Where one process of a mount takes transactions from another: a unix socket in a folder that nobody else may enter.
package final class ForwardSocket: Sendable {
    private let channel: any Channel
    private let folder: String
    /// Where the other process connects.
    package let path: String

    private init(channel: any Channel, folder: String, path: String) {
        self.channel = channel
        self.folder = folder
        self.path = path
    }

    /// Opens one below the folder for temporary files.
    package static func open(mount: Mount, on group: any EventLoopGroup) async throws -> ForwardSocket {
        let folder = try makeFolder()
        let path = folder + "/s"
        do {
            let channel = try await ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: 1024)
                .childChannelOption(.writeBufferWaterMark, value: .init(low: 32 * 1024, high: 64 * 1024))
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            ForwardedExchange(mount: mount, eventLoop: channel.eventLoop))
                    }
                }
                .bind(unixDomainSocketPath: path).get()
            return ForwardSocket(channel: channel, folder: folder, path: path)
        } catch {
            rmdir(folder)
            throw error
        }
    }

    private static func makeFolder() throws -> String {
        let named = getenv("TMPDIR").map { String(cString: $0) } ?? ""
        // A path of a unix socket has 107 bytes at most, and it is told in a line of words.
        let isPlain = !named.isEmpty && named.utf8.count <= 80 && !named.contains(where: \.isWhitespace)
        return try PrivateFolder.make((isPlain ? named : "/tmp") + "/longwired-")
    }

    /// Closes the socket and removes its folder; transactions that are open go on.
    package func close() async {
        try? await channel.close()
        unlink(path)
        rmdir(folder)
    }
}
