#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The few system calls a listener makes itself, with their errors as `FastCGIError`.
enum SystemCalls {
    /// What identifies a file, so that we remove only our own.
    struct FileIdentity: Hashable, Sendable {
        var device: UInt64
        var node: UInt64
    }

    /// What lies at a path.
    enum FileKind: Equatable {
        /// What cannot be looked at is ``unreachable``.
        case nothing, unreachable, directory, socket, other
    }

    static var lastError: Int32 { errno }

    static func text(_ error: Int32) -> String {
        String(cString: strerror(error))
    }

    static func kind(_ path: String, followingLinks: Bool) -> FileKind {
        var status = stat()
        let result = followingLinks ? stat(path, &status) : lstat(path, &status)
        guard result == 0 else { return errno == EACCES ? .unreachable : .nothing }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: return .directory
        case S_IFSOCK: return .socket
        default: return .other
        }
    }

    static func identity(_ path: String) -> FileIdentity? {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        return FileIdentity(device: UInt64(status.st_dev), node: UInt64(status.st_ino))
    }

    static func remove(_ path: String) -> Int32 {
        unlink(path) == 0 ? 0 : errno
    }

    /// A unix stream socket that children do not inherit.
    static func unixSocket() -> Int32 {
        let descriptor = socket(AF_UNIX, streamType, 0)
        if descriptor >= 0 { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        return descriptor
    }

    /// A stream socket of an address family that children do not inherit.
    static func streamSocket(_ family: Int32) -> Int32 {
        let descriptor = socket(family, streamType, 0)
        if descriptor >= 0 { setCloseOnExec(descriptor) }
        return descriptor
    }

    static func reuseAddress(_ descriptor: Int32) {
        var value: Int32 = 1
        _ = setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    static func bind(_ descriptor: Int32, _ address: UnsafePointer<sockaddr>, _ size: Int) -> Int32 {
        #if canImport(Glibc)
            Glibc.bind(descriptor, address, socklen_t(size)) == 0 ? 0 : errno
        #elseif canImport(Musl)
            Musl.bind(descriptor, address, socklen_t(size)) == 0 ? 0 : errno
        #else
            Darwin.bind(descriptor, address, socklen_t(size)) == 0 ? 0 : errno
        #endif
    }

    static func bindUnix(_ descriptor: Int32, _ path: String) -> Int32 {
        self.withAddress(path) { self.bind(descriptor, $0, Int($1)) }
    }

    static func connectUnix(_ descriptor: Int32, _ path: String) -> Int32 {
        self.setNonBlocking(descriptor)
        return self.withAddress(path) { connect(descriptor, $0, $1) == 0 ? 0 : errno }
    }

    static func listenOn(_ descriptor: Int32, backlog: Int) -> Int32 {
        listen(descriptor, Int32(clamping: backlog)) == 0 ? 0 : errno
    }

    static func setMode(_ path: String, _ mode: UInt32) -> Int32 {
        chmod(path, mode_t(mode)) == 0 ? 0 : errno
    }

    static func setOwner(_ path: String, user: UInt32?, group: UInt32?) -> Int32 {
        // All ones leave the value as it is.
        lchown(path, user ?? .max, group ?? .max) == 0 ? 0 : errno
    }

    static func userID(_ name: String) -> UInt32? {
        UInt32(name) ?? getpwnam(name)?.pointee.pw_uid
    }

    static func groupID(_ name: String) -> UInt32? {
        UInt32(name) ?? getgrnam(name)?.pointee.gr_gid
    }

    static func closeDescriptor(_ descriptor: Int32) {
        _ = close(descriptor)
    }

    static func setNonBlocking(_ descriptor: Int32) {
        let flags = fcntl(descriptor, F_GETFL)
        if flags >= 0 { _ = fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) }
    }

    static func setCloseOnExec(_ descriptor: Int32) {
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }

    /// Whether this is a stream socket that listens.
    static func isListening(_ descriptor: Int32) -> Bool {
        self.option(descriptor, SO_TYPE) == streamType && self.option(descriptor, SO_ACCEPTCONN) == 1
    }

    /// Moves descriptor 0 out of the standard range and puts /dev/null in its place, so that a child program does not
    /// read from the listening socket and no file ever becomes descriptor 0 by chance.
    static func moveAwayFromStandardInput() -> Int32 {
        let moved = fcntl(0, F_DUPFD_CLOEXEC, 3)
        guard moved >= 0 else { return -1 }
        let null = open("/dev/null", O_RDWR)
        if null > 0 {
            dup2(null, 0)
            _ = close(null)
        }
        return moved
    }

    private static func option(_ descriptor: Int32, _ name: Int32) -> Int32? {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, name, &value, &length) == 0 ? value : nil
    }

    private static var streamType: Int32 {
        #if canImport(Glibc)
            Int32(SOCK_STREAM.rawValue)
        #else
            SOCK_STREAM
        #endif
    }

    /// The most bytes of a path a socket address holds, without its terminating zero.
    static var maximumPathBytes: Int { MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1 }

    private static func withAddress(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count <= self.maximumPathBytes else { return ENAMETOOLONG }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}

extension SystemCalls {
    static var connectionRefused: Int32 { ECONNREFUSED }
    static var addressInUse: Int32 { EADDRINUSE }
    static var accessDenied: Int32 { EACCES }
    static var notPermitted: Int32 { EPERM }
    static var addressNotAvailable: Int32 { EADDRNOTAVAIL }
    static var noSuchFile: Int32 { ENOENT }
    static var tryAgain: Int32 { EAGAIN }
}
