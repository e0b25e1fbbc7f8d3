internal import Foundation

/// Blocking input and output of a descriptor, however it was set up by whoever started us.
enum Descriptor {
    /// Writes everything.
    ///
    /// - Returns: 0, or the error's number.
    @discardableResult
    static func write(_ bytes: some Collection<UInt8>, to descriptor: Int32) -> Int32 {
        bytes.withContiguousStorageIfAvailable { write(UnsafeRawBufferPointer($0), to: descriptor) }
            ?? Array(bytes).withUnsafeBytes { write($0, to: descriptor) }
    }

    /// Writes everything.
    ///
    /// - Returns: 0, or the error's number.
    @discardableResult
    static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Int32 {
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest)
            let count = Foundation.write(descriptor, part.baseAddress, part.count)
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                wait(for: Int16(POLLOUT), on: descriptor)
            } else if errno != EINTR {
                return errno
            }
        }
        return 0
    }

    /// Reads what is there, or waits for it.
    ///
    /// - Returns: how many bytes, 0 at the end; or the error's number, negative.
    static func read(into bytes: UnsafeMutableRawBufferPointer, from descriptor: Int32) -> Int {
        while true {
            let count = Foundation.read(descriptor, bytes.baseAddress, bytes.count)
            if count >= 0 { return count }
            if errno == EAGAIN {
                wait(for: Int16(POLLIN), on: descriptor)
            } else if errno != EINTR {
                return -Int(errno)
            }
        }
    }

    /// Waits until a descriptor that does not block is ready.
    private static func wait(for events: Int16, on descriptor: Int32) {
        var entry = pollfd(fd: descriptor, events: events, revents: 0)
        _ = poll(&entry, 1, -1)
    }

    /// A pipe that nobody waits for and no child inherits.
    static func makePipe() -> (reading: Int32, writing: Int32) {
        var pair: [Int32] = [-1, -1]
        _ = pipe(&pair)
        for descriptor in pair { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        return (pair[0], pair[1])
    }

    /// Makes reads and writes return at once.
    static func setNonBlocking(_ descriptor: Int32) {
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    }
}
