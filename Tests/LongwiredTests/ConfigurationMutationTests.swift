import Testing

@testable import longwired

/// Files that somebody, or something, has changed here and there: complaints, and never an end of the process.
@Suite(.timeLimit(.minutes(2))) struct ConfigurationMutationTests {
    private static let text = """
        mount: /talk
        listen: {http: ["127.0.0.1:8080", "[::1]:8080"], tcp-offer: 9001, hosts: [example.org]}
        access: {rule: tokens:/etc/longwire/tokens, trusted-proxies: [10.0.0.0/8, unix], forwarded: forwarded,
                 jwt-issuer: "https://login.example.org", jwt-audiences: [longwire], jwt-leeway: 5s, jwt-claim: email}
        session:
          heartbeat: 5s   # a comment
          window: 256KiB
          "message-limit": 1MiB
        limits: {sessions: 10}
        servlets:
          echo: echo
          room: {kind: chat, access: open}
          bot: {exec: [python3, "/srv/bot.py"], framing: netstring, environment: {LANG: C.UTF-8}, grace: 1s}
          db: {connect: "tcp://127.0.0.1:6379", connect-timeout: 3s}
        log: {level: info, format: json}
        """

    private static let pieces: [[UInt8]] = [
        ": ", "- ", "{", "}", "[", "]", "\"", "'", "#", "&a ", "*a", "!!", "|\n", ">\n", "\t", "\n", "---\n", "...\n",
        "? ", "~",
        "\u{0}", "\u{FEFF}", "\u{E000}", "é", "99999999999999999999", "-1", "mount: /x\n", "servlets:\n",
    ].map { Array($0.utf8) }

    @Test func noChangeEndsTheProcess() {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % max(bound, 1)
        }
        let original = Array(Self.text.utf8)
        var refused = 0
        for _ in 0..<3_000 {
            var bytes = original
            for _ in 0...next(4) {
                let place = next(bytes.count)
                switch next(5) {
                case 0: bytes.removeSubrange(place..<min(place + 1 + next(12), bytes.count))
                case 1: bytes.insert(contentsOf: Self.pieces[next(Self.pieces.count)], at: place)
                case 2: bytes[place] = UInt8(next(256))
                case 3:
                    bytes.insert(contentsOf: bytes[place..<min(place + next(80), bytes.count)], at: next(bytes.count))
                default: bytes = Array(bytes[..<place])
                }
                if bytes.isEmpty { bytes = [0x20] }
            }
            let file = ConfigurationFile(text: String(decoding: bytes, as: UTF8.self), path: "F")
            if !file.complaints.isEmpty { refused += 1 }
        }
        #expect(refused > 500)
        #expect(ConfigurationFile(text: Self.text, path: "F").complaints.isEmpty)
    }
}
