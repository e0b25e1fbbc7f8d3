import Testing
import LongwireTransport

@Suite("SHA-256")
struct SHA256Tests {
    @Test(
        "gives the digests of the standard's examples",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
        ])
    func examples(text: String, digest: String) {
        var sum = SHA256()
        Array(text.utf8).withUnsafeBytes { sum.update($0) }
        #expect(sum.hex() == digest)
    }

    @Test("does not depend on how the bytes were cut")
    func pieces() {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var whole = SHA256()
        bytes.withUnsafeBytes { whole.update($0) }
        for step in [1, 3, 63, 64, 65, 130] {
            var cut = SHA256()
            for start in stride(from: 0, to: bytes.count, by: step) {
                bytes[start..<min(start + step, bytes.count)].withUnsafeBytes { cut.update($0) }
            }
            #expect(cut.hex() == whole.hex())
        }
    }
}
