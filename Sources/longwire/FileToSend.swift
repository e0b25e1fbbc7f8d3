internal import Foundation
internal import NIOCore

/// A file whose bytes are to be one message.
struct FileToSend: Sendable {
    /// Its name without its folders.
    let name: String
    let bytes: ByteBuffer

    /// Reads it; it blocks while the disk does.
    ///
    /// - Parameters:
    ///   - path: as it was typed; `~/` is the home folder.
    ///   - limit: the longest message, in bytes.
    init(_ path: String, limit: Int) throws(FileRefused) {
        func refused(_ why: String) -> FileRefused { FileRefused(description: "\(path) was not sent: \(why)") }
        func failed() -> FileRefused { refused(String(cString: strerror(errno))) }
        // What is no file, such as a pipe that nobody writes to, must not hold us up.
        let descriptor = open(Self.expanded(path), O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failed() }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failed() }
        guard status.st_mode & S_IFMT == S_IFREG else { throw refused("it is not a file") }
        guard status.st_size <= limit else { throw refused(Self.tooLong(Int(status.st_size), limit: limit)) }
        var bytes = ByteBuffer()
        var count = 1
        while count > 0 {
            bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: max(Int(status.st_size), 4096)) { room in
                count = Descriptor.read(into: room, from: descriptor)
                return max(count, 0)
            }
            guard count >= 0 else { throw refused(String(cString: strerror(Int32(-count)))) }
            guard bytes.readableBytes <= limit else {
                throw refused(Self.tooLong(bytes.readableBytes, limit: limit))
            }
        }
        name = String(path.split(separator: "/").last ?? Substring(path))
        self.bytes = bytes
    }

    /// `~/` at the beginning is the home folder.
    static func expanded(_ path: String) -> String {
        guard path.hasPrefix("~/"), let home = ProcessInfo.processInfo.environment["HOME"] else { return path }
        return home + path.dropFirst(1)
    }

    private static func tooLong(_ size: Int, limit: Int) -> String {
        "it has \(size) bytes and a message at most \(limit) (--message-limit); as a stream it goes with "
            + "longwire connect --binary URL < FILE"
    }
}

/// Why a file cannot be sent.
struct FileRefused: Error, CustomStringConvertible {
    let description: String
}
