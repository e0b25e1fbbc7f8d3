import Testing

@testable import LongwireProtocol

@Suite("CRC32C")
struct CRC32CTests {
    // R: B4
    @Test("Gives the known checksums (RFC 3720, B.4)")
    func vectors() {
        #expect(checksum([]) == 0)
        #expect(checksum(Array("123456789".utf8)) == 0xe306_9283)
        #expect(checksum(Array(repeating: 0, count: 32)) == 0x8a91_36aa)
        #expect(checksum(Array(repeating: 0xff, count: 32)) == 0x62a8_ab43)
        #expect(checksum(Array(0..<32)) == 0x46dd_794e)
    }

    @Test("Eight bytes at a step give what one byte at a step gives, at every length")
    func everyLength() {
        for length in 0..<70 {
            let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 * 37 + 11) }
            var slow = ~UInt32(0)
            for byte in bytes {
                slow ^= UInt32(byte)
                for _ in 0..<8 { slow = slow & 1 == 1 ? slow >> 1 ^ 0x82f6_3b78 : slow >> 1 }
            }
            #expect(checksum(bytes) == ~slow)
        }
    }

    private func checksum(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { CRC32C.checksum($0) } }
}
