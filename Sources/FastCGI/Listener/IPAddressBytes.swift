internal import NIOCore

/// An IP address as its sixteen octets, IPv4 as IPv4-mapped: what two addresses are compared by.
struct IPAddressBytes: Hashable, Sendable {
    private let high: UInt64
    private let low: UInt64

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Nil for a unix socket.
    init?(_ address: SocketAddress) {
        switch address {
        // In both socket addresses the IP address lies after family and port, in IPv6 after the flow label, too.
        case .v4(let v4):
            let bytes = withUnsafeBytes(of: v4.address) {
                UInt64(UInt32(bigEndian: $0.loadUnaligned(fromByteOffset: 4, as: UInt32.self)))
            }
            self.init(high: 0, low: 0xffff_0000_0000 | bytes)
        case .v6(let v6):
            let (high, low) = withUnsafeBytes(of: v6.address) {
                (
                    UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
                    UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
                )
            }
            self.init(high: high, low: low)
        case .unixDomainSocket:
            return nil
        }
    }

    /// Reads a numeric address; names are not resolved.
    init?(parsing text: String) {
        guard let address = try? SocketAddress(ipAddress: text, port: 0) else { return nil }
        self.init(address)
    }

    /// 127.0.0.0/8 or ::1.
    var isLoopback: Bool {
        self.high == 0 && (self.low == 1 || self.low >> 24 == 0xffff7f)
    }
}
