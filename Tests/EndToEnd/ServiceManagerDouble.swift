import Foundation
import TestSupport

/// A test in the place of systemd: listens where NOTIFY_SOCKET says, and keeps what it was told.
final class ServiceManagerDouble: Sendable {
    /// One datagram, as its lines `NAME=value`.
    struct Notice: Sendable {
        let text: String
        /// CLOCK_MONOTONIC when it was read, in microseconds.
        let readAt: Int64

        subscript(name: String) -> String? {
            text.split(separator: "\n").first { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) }
        }
    }

    /// What the service finds in its environment.
    let address: String
    private let folder: TemporaryFolder
    private let descriptor: Int32
    private let all = FlowBox<[Notice]>([])

    var notices: [Notice] { all.value }

    /// - Parameter isAbstract: Whether the socket has a name that is no file.
    init(isAbstract: Bool = false) throws {
        folder = try TemporaryFolder()
        let path = folder.path("notify")
        address = isAbstract ? "@" + path : path
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        let bytes = (isAbstract ? [0] : []) + Array(path.utf8)
        withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count + (isAbstract ? 0 : 1))
        let result = withUnsafePointer(to: name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        guard result == 0 else { throw SystemError("listen at \(address)") }
        Thread.detachNewThread { [descriptor, all] in
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = recv(descriptor, &buffer, buffer.count, 0)
                // Shut down by the end of this object.
                guard count > 0 else { break }
                let notice = Notice(text: String(decoding: buffer[..<count], as: UTF8.self), readAt: Self.now)
                all.change { $0.append(notice) }
            }
            close(descriptor)
        }
    }

    deinit { shutdown(descriptor, Int32(SHUT_RDWR)) }

    static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
    }

    /// The notices that say this, such as READY=1.
    func notices(saying line: String) -> [Notice] {
        notices.filter { $0.text.split(separator: "\n").contains(Substring(line)) }
    }

    /// Waits until it was told this so many times, and gives the last of those notices.
    @discardableResult
    func waitFor(_ line: String, times: Int = 1, fileID: String = #fileID, number: Int = #line) async throws -> Notice {
        try await eventually(valueOf: "\(line) is told \(times) times", fileID: fileID, line: number) {
            let found = self.notices(saying: line)
            return found.count >= times ? found[times - 1] : nil
        }
    }
}
