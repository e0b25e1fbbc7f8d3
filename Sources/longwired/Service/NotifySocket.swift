internal import Foundation

/// The datagram socket at which a service manager listens to its services, as sd_notify(3) describes it.
///
/// The address is looked up anew for each message, so a manager that was restarted meanwhile is found again.
struct NotifySocket: Sendable {
    /// Why a message did not go out: an error number of the system.
    struct Failure: Error, CustomStringConvertible {
        let code: Int32
        var description: String { String(cString: strerror(code)) }
    }

    private let descriptor: Int32
    private let address: [UInt8]

    /// The socket at a path, or one of the abstract namespace, written with `@` in place of its first byte.
    ///
    /// - Returns: nil for an address of another kind.
    init?(_ written: String) {
        var name = Array(written.utf8)
        guard name.count > 1, let first = name.first, [UInt8(ascii: "/"), UInt8(ascii: "@")].contains(first) else {
            return nil
        }
        // A name of the abstract namespace has a length; a path has an end.
        if first == UInt8(ascii: "@") { name[0] = 0 } else { name.append(0) }
        let family = withUnsafeBytes(of: sa_family_t(AF_UNIX)) { Array($0) }
        guard family.count + name.count <= MemoryLayout<sockaddr_un>.size else { return nil }
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        address = family + name
    }

    /// Sends one message; whoever may not wait says so, and then a manager that does not read counts as a failure.
    func send(_ message: String, waits: Bool) throws(Failure) {
        let bytes = Array(message.utf8)
        let flags = Int32(MSG_NOSIGNAL) | (waits ? 0 : Int32(MSG_DONTWAIT))
        var code: Int32 = 0
        repeat {
            let sent = address.withUnsafeBytes { address in
                address.withMemoryRebound(to: sockaddr.self) {
                    sendto(descriptor, bytes, bytes.count, flags, $0.baseAddress, socklen_t(address.count))
                }
            }
            code = sent < 0 ? errno : 0
        } while code == EINTR
        if code != 0 { throw Failure(code: code) }
    }
}
