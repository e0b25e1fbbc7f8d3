internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOPosix

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// A small file that is read again when it has changed, off the event loops.
///
/// It is looked at once a second at most, and only while somebody asks for it.
package final class WatchedFile<Value: Sendable>: Sendable {
    /// What tells one state of the file from the next.
    private struct Stamp: Equatable {
        var inode: UInt64
        var size: Int
        var seconds: Int
        var nanoseconds: Int
    }

    private struct State {
        var value: Value
        var stamp: Stamp?
        var lookedAt: NIODeadline
    }

    package let path: String
    private let sizeLimit: Int
    private let parse: @Sendable ([UInt8]?) -> Value
    private let state: NIOLockedValueBox<State>

    /// How long the file is not looked at again.
    private static var interval: TimeAmount { .seconds(1) }

    /// Reads the file at once; blocks.
    ///
    /// - Parameter parse: what the file's bytes mean, nil where it cannot be read or is greater than `sizeLimit`.
    package init(path: String, sizeLimit: Int = 4 * 1024 * 1024, parse: @escaping @Sendable ([UInt8]?) -> Value) {
        self.path = path
        self.sizeLimit = sizeLimit
        self.parse = parse
        let (bytes, stamp) = Self.read(path, sizeLimit)
        state = NIOLockedValueBox(State(value: parse(bytes), stamp: stamp, lookedAt: .now()))
    }

    /// What the file holds, where that was looked at just now; nil where it is time to look again: ``looked()``.
    package var current: Value? {
        state.withLockedValue { NIODeadline.now() - $0.lookedAt < Self.interval ? $0.value : nil }
    }

    /// What the file holds, after a look at it.
    package func looked() async -> Value {
        let read = try? await NIOThreadPool.singleton.runIfActive { self.look() }
        return read ?? parse(nil)
    }

    private func look() -> Value {
        let now = NIODeadline.now()
        let known = state.withLockedValue { $0.stamp }
        if let known, Self.stamp(path) == known {
            return state.withLockedValue { state in
                state.lookedAt = max(state.lookedAt, now)
                return state.value
            }
        }
        let (bytes, stamp) = Self.read(path, sizeLimit)
        let value = parse(bytes)
        state.withLockedValue { state in
            // Of several that read at once, the last to begin counts.
            guard now >= state.lookedAt else { return }
            state = State(value: value, stamp: stamp, lookedAt: now)
        }
        return value
    }

    private static func stamp(_ path: String) -> Stamp? {
        var status = stat()
        return stat(path, &status) == 0 ? stamp(of: status) : nil
    }

    private static func stamp(of status: stat) -> Stamp {
        #if canImport(Darwin)
            let time = status.st_mtimespec
        #else
            let time = status.st_mtim
        #endif
        return Stamp(
            inode: UInt64(status.st_ino), size: Int(status.st_size), seconds: Int(time.tv_sec),
            nanoseconds: Int(time.tv_nsec))
    }

    private static func read(_ path: String, _ limit: Int) -> ([UInt8]?, Stamp?) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return (nil, nil) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= limit else {
            return (nil, nil)
        }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 * 1024)
        while bytes.count <= limit {
            let count = piece.withUnsafeMutableBytes { buffer in
                #if canImport(Darwin)
                    Darwin.read(descriptor, buffer.baseAddress, buffer.count)
                #elseif canImport(Musl)
                    Musl.read(descriptor, buffer.baseAddress, buffer.count)
                #else
                    Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                #endif
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return (nil, nil) }
            if count == 0 { return (bytes, stamp(of: status)) }
            bytes += piece[..<count]
        }
        return (nil, nil)
    }
}
