#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// An IP address, or a network of them in CIDR notation.
package struct AddressRange: Sendable, Equatable {
    private let bytes: [UInt8]
    private let bits: Int

    /// Reads `10.0.0.0/8`, `192.168.1.1`, `fe80::/10` or `[::1]`; nil where the text is none of these.
    package init?(_ text: Substring) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard var address = parts.first else { return nil }
        if address.hasPrefix("["), address.hasSuffix("]") { address = address.dropFirst().dropLast() }
        guard let bytes = Self.bytes(String(address)) else { return nil }
        self.bytes = bytes
        guard parts.count == 2 else {
            bits = bytes.count * 8
            return
        }
        guard let bits = Int(parts[1]), (0...bytes.count * 8).contains(bits) else { return nil }
        self.bits = bits
    }

    /// Reads one address, as ``init(_:)``; an IPv4 address that is written as one of IPv6 is what it stands for.
    package init?(address text: Substring) {
        guard let range = AddressRange(text), range.bits == range.bytes.count * 8 else { return nil }
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]
        guard range.bytes.count == 16, range.bytes.starts(with: mapped) else {
            self = range
            return
        }
        bytes = Array(range.bytes[12...])
        bits = 32
    }

    private static func bytes(_ address: String) -> [UInt8]? {
        // What C reads ends with a NUL, so that something behind one would pass unseen.
        guard !address.utf8.contains(0) else { return nil }
        for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
            var bytes = [UInt8](repeating: 0, count: count)
            if inet_pton(family, address, &bytes) == 1 { return bytes }
        }
        return nil
    }

    /// The address as it is usually written; of a network the first.
    package var address: String {
        if bytes.count == 4 { return bytes.map { "\($0)" }.joined(separator: ".") }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(AF_INET6, bytes, &text, socklen_t(text.count)) != nil else { return "" }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Whether another address lies in this network.
    package func contains(_ other: AddressRange) -> Bool {
        guard bytes.count == other.bytes.count, other.bits >= bits else { return false }
        let whole = bits / 8
        guard bytes[..<whole] == other.bytes[..<whole] else { return false }
        guard bits % 8 > 0 else { return true }
        return (bytes[whole] ^ other.bytes[whole]) >> UInt8(8 - bits % 8) == 0
    }
}
