import Foundation
import NIOConcurrencyHelpers

/// Loopback TCP ports nobody else uses.
///
/// A port is taken below the range from which the kernel serves outgoing connections, and stays bound, not listening,
/// by a socket with SO_REUSEADDR until this process ends: a server that sets SO_REUSEADDR too (as nginx, lighttpd,
/// spawn-fcgi and SwiftNIO do) can still bind and listen, while a second test process that probes finds it taken.
package enum FreePort {
    private static let reserved = NIOLockedValueBox<[Int: Int32]>([:])

    /// A port that was free a moment ago, never given out twice by one process.
    package static func next() throws -> Int {
        for _ in 0..<2_000 {
            let port = Int.random(in: 11_000..<31_000)
            guard reserved.withLockedValue({ $0[port] == nil }), bound(port: port, reuse: false, keep: false) != nil,
                let holder = bound(port: port, reuse: true, keep: true)
            else { continue }
            let taken = reserved.withLockedValue { table in
                guard table[port] == nil else { return false }
                table[port] = holder
                return true
            }
            if taken { return port }
            close(holder)
        }
        throw SystemError("find a free loopback port", code: EADDRINUSE)
    }

    private static func bound(port: Int, reuse: Bool, keep: Bool) -> Int32? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        if reuse {
            var yes: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        }
        let result = LoopbackAddress(port: port).withPointer { Glibc.bind(descriptor, $0, $1) }
        if result != 0 || !keep { close(descriptor) }
        return result == 0 ? descriptor : nil
    }
}

/// 127.0.0.1 with a port, as the system calls want it.
struct LoopbackAddress {
    private var address = sockaddr_in()

    init(port: Int) {
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(truncatingIfNeeded: port).bigEndian
        address.sin_addr = in_addr(s_addr: UInt32(0x7f00_0001).bigEndian)
    }

    func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}

/// Whether something accepts TCP connections on a loopback port or a unix socket.
package enum Probe {
    /// Connects to 127.0.0.1 and closes at once.
    package static func accepts(port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return LoopbackAddress(port: port).withPointer { connect(descriptor, $0, $1) } == 0
    }
}
