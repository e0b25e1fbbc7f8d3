internal import Foundation

/// The line between a process and the one that takes over from it: lines of text, both ways.
///
/// Calls wait for the other process, so they are made on threads that may wait; one at a time.
final class HandoverLink: Sendable {
    /// The other process is gone, or does not answer in time.
    struct Broken: Error {}

    private let descriptor: Int32

    init(descriptor: Int32) { self.descriptor = descriptor }

    /// A line whose other end a process that is started gets.
    static func pair() -> (ours: HandoverLink, theirs: Int32)? {
        var ends: [Int32] = [0, 0]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            return nil
        }
        return (HandoverLink(descriptor: ends[0]), ends[1])
    }

    func end() { close(descriptor) }

    /// Sends one line.
    func say(_ line: String) throws(Broken) {
        var bytes = Array((line + "\n").utf8)[...]
        while !bytes.isEmpty {
            let sent = bytes.withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if sent < 0, errno == EINTR { continue }
            guard sent > 0 else { throw Broken() }
            bytes = bytes.dropFirst(sent)
        }
    }

    /// The next line; read byte by byte, since none of the next may be taken.
    ///
    /// - Parameter seconds: how long it may take.
    func hear(within seconds: Int = 60) throws(Broken) -> String {
        var patience = timeval(tv_sec: seconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var line: [UInt8] = []
        while true {
            var byte: UInt8 = 0
            let count = recv(descriptor, &byte, 1, 0)
            if count < 0, errno == EINTR { continue }
            guard count == 1, line.count < 1 << 20 else { throw Broken() }
            if byte == UInt8(ascii: "\n") { return String(decoding: line, as: UTF8.self) }
            line.append(byte)
        }
    }

    /// Waits until the other process is gone, or closes its end.
    func awaitEnd() {
        while true {
            do { _ = try hear(within: 0) } catch { return }
        }
    }

    /// Runs what waits on a thread that may.
    static func waiting<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: body()) }
        }
    }
}
