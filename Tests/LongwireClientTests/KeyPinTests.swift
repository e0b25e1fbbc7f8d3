import Testing

@testable import LongwireClient

/// How the fingerprint of a key is read.
@Suite("Pinned keys")
struct KeyPinTests {
    static let plain = "OVytG/LVGZK6v7K2fzHY1BSiRqWJTey6mI33uipo8Uw="
    /// One of 64 begins with a slash itself.
    static let slashed = "/VytG/LVGZK6v7K2fzHY1BSiRqWJTey6mI33uipo8Uw="

    @Test("A pin is read as it is written, and as curl has it with a slash more", arguments: [plain, slashed])
    func reads(digest: String) {
        #expect(KeyPin("sha256/" + digest)?.description == "sha256/" + digest)
        #expect(KeyPin("sha256//" + digest)?.description == "sha256/" + digest)
    }

    @Test("The pin of any key can be read again")
    func everyKey() {
        for number in UInt8.min...UInt8.max {
            let pin = KeyPin(key: [number])
            #expect(KeyPin(pin.description) == pin)
        }
    }

    @Test(
        "Anything else is none",
        arguments: [
            "", "sha256/", "sha256//", plain, "sha256/" + plain.dropLast(), "sha256/x" + plain, "sha256///" + plain,
            "sha1/" + plain, "sha256/*" + plain.dropFirst(),
        ])
    func refuses(text: String) {
        #expect(KeyPin(text) == nil)
    }
}
