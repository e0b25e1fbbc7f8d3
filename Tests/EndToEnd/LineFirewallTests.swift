import Foundation
import TestSupport
import Testing

/// Direct TCP with a firewall in the way: real programs in a network of their own, whose firewall is nftables.
@Suite("Direct TCP and a firewall", .serialized, .timeLimit(.minutes(4)))
struct LineFirewallTests {
    /// What the firewall does with what comes to the port of bare TCP.
    enum Rule: String, CaseIterable, Sendable {
        case passes = ""
        /// Nothing ever comes back.
        case drops = "drop"
        /// As if nobody listened.
        case resets = "reject with tcp reset"
        case prohibits = "reject with icmp type admin-prohibited"
    }

    /// The transports that carried the session, in their order, what came back, and what the server saw.
    private struct Seen {
        var transports: [String]
        var texts: [String]
        var exit: Int
        var log: String
    }

    /// Starts longwired inside a network without anything else, and talks with it.
    ///
    /// - Parameters:
    ///   - input: shell commands that write the messages; `$rule "…"` gives the firewall a rule.
    ///   - flags: of the client.
    ///   - server: further flags of the server.
    private static func talk(
        _ rule: Rule, input: String, flags: [String] = [], server: [String] = []
    ) async throws -> Seen {
        let folder = try TemporaryFolder()
        let script = """
            set -eu
            ip link set lo up
            nft add table inet wall
            nft add chain inet wall in '{ type filter hook input priority 0; }'
            firewall() { if [ -n "$1" ]; then nft add rule inet wall in tcp dport 9001 $1; fi; }
            firewall "$RULE"
            "$LONGWIRED" --http 127.0.0.1:8080 --tcp 127.0.0.1:9001 --control "$FOLDER/control" --log-level info \\
                \(server.joined(separator: " ")) 2>"$FOLDER/log" &
            server=$!
            trap 'kill $server' EXIT
            while ! grep -q serving "$FOLDER/log"; do kill -0 $server; sleep 0.05; done
            { \(input); } | "$LONGWIRE" --json --no-proxy \(flags.joined(separator: " ")) \\
                http://127.0.0.1:8080/longwire/echo
            """
        let result = try await ManagedProcess.run(
            "unshare", ["-rn", "bash", "-c", script],
            environment: [
                "FOLDER": folder.path, "RULE": rule.rawValue, "LONGWIRED": try BuiltProducts.longwired,
                "LONGWIRE": try BuiltProducts.longwire,
            ], within: .seconds(60))
        #expect(result.status == .exited(0), "\(result.errors)\(folder.read("log"))")
        var seen = Seen(transports: [], texts: [], exit: -1, log: folder.read("log"))
        for line in result.output.split(separator: "\n") {
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
            if let text = object["text"] as? String { seen.texts.append(text) }
            if let transport = object["transport"] as? String { seen.transports.append(transport) }
            if let exit = object["exit"] as? Int { seen.exit = exit }
        }
        return seen
    }

    private static func messages(_ range: ClosedRange<Int>) -> String {
        "seq \(range.lowerBound) \(range.upperBound) | sed 's/.*/{\"text\":\"&\"}/'"
    }

    private static func expectAll(_ count: Int, _ seen: Seen) {
        #expect(seen.texts == (1...count).map(String.init))
        #expect(seen.exit == 0)
        #expect(seen.log.components(separatedBy: "session opened").count == 2, "one session\n\(seen.log)")
    }

    // R: B7
    @Test(
        "Where the firewall lets it, TCP that was named is used first; else HTTP, and all comes back",
        arguments: Rule.allCases)
    func named(_ rule: Rule) async throws {
        let seen = try await Self.talk(rule, input: Self.messages(1...1_000), flags: ["--tcp", "9001"])
        Self.expectAll(1_000, seen)
        #expect(seen.transports == (rule == .passes ? ["tcp"] : ["duplex"]))
    }

    // R: B7
    @Test(
        "Where the firewall lets it, a session moves to the TCP that the server offers; else it stays",
        arguments: Rule.allCases)
    func offered(_ rule: Rule) async throws {
        let input = "\(Self.messages(1...500)); sleep 3; \(Self.messages(501...1_000))"
        let seen = try await Self.talk(rule, input: input)
        Self.expectAll(1_000, seen)
        #expect(seen.transports == (rule == .passes ? ["duplex", "tcp"] : ["duplex"]))
    }

    // R: B7, D11
    @Test("A firewall that begins to drop a line of TCP makes the same session go on over HTTP, with nothing lost")
    func dropped() async throws {
        let input = """
            \(Self.messages(1...300)); sleep 0.5; firewall drop; \(Self.messages(301...600)); sleep 5; \
            \(Self.messages(601...900))
            """
        let seen = try await Self.talk(
            .passes, input: input, flags: ["--tcp", "9001"], server: ["--heartbeat", "1s"])
        Self.expectAll(900, seen)
        #expect(seen.transports.first == "tcp")
        #expect(seen.transports.last == "duplex")
    }
}
