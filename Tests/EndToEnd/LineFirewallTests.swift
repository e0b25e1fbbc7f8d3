import Foundation
import TestSupport
import Testing

/// What a firewall does with what comes to the port of bare TCP.
enum FirewallRule: String, CaseIterable, Sendable {
    case passes
    /// Nothing ever comes back.
    case drops = "drop"
    /// As if nobody listened.
    case resets = "reject with tcp reset"
    case prohibits = "reject with icmp type admin-prohibited"
}

/// longwired in a network of its own, with bare TCP at port 9001 behind a firewall of nftables.
private final class FirewalledSite: Sendable {
    private let folder: TemporaryFolder
    /// A shell in that network.
    private let shell: ManagedProcess
    private let count = FlowBox(0)

    init(_ rule: FirewallRule, server: [String] = []) async throws {
        folder = try TemporaryFolder()
        shell = try ManagedProcess(
            "unshare", ["-rn", "bash"],
            environment: ["LONGWIRED": try BuiltProducts.longwired, "FOLDER": folder.path], input: .pipe)
        try await run("ip link set lo up; nft add table inet wall")
        try await run("nft add chain inet wall in '{ type filter hook input priority 0; }'")
        try await become(rule)
        let flags = "--http 127.0.0.1:8080 --tcp 127.0.0.1:9001 --log-level info"
        try await run(
            "\"$LONGWIRED\" \(flags) --control \"$FOLDER/control\" \(server.joined(separator: " ")) "
                + "2>\"$FOLDER/log\" >/dev/null &")
        try await eventually("longwired serves") { log.contains("serving") }
    }

    var log: String { folder.read("log") }

    /// Runs a command in that network.
    ///
    /// - Returns: what the shell has said so far.
    @discardableResult
    func run(_ command: String) async throws -> String {
        let number = count.change { count in
            count += 1
            return count
        }
        try await shell.write(Array("\(command)\necho done \(number).\n".utf8), within: .seconds(20))
        try await eventually(command) { shell.output?.text.contains("done \(number).") == true }
        #expect(shell.errors?.text == "", "\(command)")
        return shell.output?.text ?? ""
    }

    func become(_ rule: FirewallRule) async throws {
        guard rule != .passes else { return }
        try await run("nft add rule inet wall in tcp dport 9001 counter \(rule.rawValue)")
    }

    /// How many packets the firewall held up.
    func heldUp() async throws -> Int {
        let last = try await run("nft list chain inet wall in").components(separatedBy: "counter packets ").last
        return last.flatMap { Int($0.prefix { $0.isNumber }) } ?? 0
    }

    /// Starts the terminal client in that network.
    func client(_ flags: [String] = []) throws -> ManagedProcess {
        try ManagedProcess(
            "nsenter",
            [
                "-t", "\(shell.pid)", "-U", "-n", "--preserve-credentials", try BuiltProducts.longwire, "--json",
                "--no-proxy", "http://127.0.0.1:8080/longwire/echo",
            ] + flags, input: .pipe)
    }

    func stop() { shell.stop() }
}

/// Direct TCP with a firewall in the way: real programs, real packets.
@Suite("Direct TCP and a firewall", .serialized, .timeLimit(.minutes(4)))
struct LineFirewallTests {
    private struct Event: Decodable {
        var text: String?
        var transport: String?
    }

    private static func events(_ client: ManagedProcess) -> [Event] {
        // A last line that is not whole is no JSON yet.
        (client.output?.text ?? "").split(separator: "\n").compactMap {
            try? JSONDecoder().decode(Event.self, from: Data($0.utf8))
        }
    }

    private static func transports(_ client: ManagedProcess) -> [String] { events(client).compactMap(\.transport) }

    private static func send(_ range: ClosedRange<Int>, to client: ManagedProcess) async throws {
        let lines = range.map { "{\"text\":\"\($0)\"}\n" }.joined()
        try await client.write(Array(lines.utf8), within: .seconds(20))
    }

    /// Everything came back once and in order, over one session, and it ended well.
    private static func expectEnd(_ client: ManagedProcess, _ count: Int, _ site: FirewalledSite) async throws {
        client.closeInput()
        #expect(try await client.waitUntilExit() == .exited(0), "\(client.errors?.text ?? "")")
        #expect(events(client).compactMap(\.text) == (1...count).map(String.init))
        #expect(site.log.components(separatedBy: "session opened").count == 2, "one session\n\(site.log)")
        site.stop()
    }

    // R: B7
    @Test(
        "TCP that was named is used first; where a firewall is in the way it is HTTP", arguments: FirewallRule.allCases)
    func named(_ rule: FirewallRule) async throws {
        let site = try await FirewalledSite(rule)
        // Who waited for TCP to be given up would wait for ever.
        let client = try site.client(["--tcp", "9001", "--timeout", "10m"])
        try await Self.send(1...1_000, to: client)
        try await Self.expectEnd(client, 1_000, site)
        #expect(Self.transports(client) == (rule == .passes ? ["tcp"] : ["duplex"]))
    }

    // R: B7
    @Test(
        "A session moves to the TCP that the server offers; where a firewall is in the way it stays",
        arguments: FirewallRule.allCases)
    func offered(_ rule: FirewallRule) async throws {
        let site = try await FirewalledSite(rule)
        let client = try site.client()
        try await Self.send(1...500, to: client)
        try await eventually("TCP was tried") {
            rule == .passes ? Self.transports(client).count == 2 : try await site.heldUp() > 0
        }
        try await Self.send(501...1_000, to: client)
        try await Self.expectEnd(client, 1_000, site)
        #expect(Self.transports(client) == (rule == .passes ? ["duplex", "tcp"] : ["duplex"]))
    }

    // R: B7, D11
    @Test("A firewall that begins to drop a line of TCP makes the same session go on over HTTP, with nothing lost")
    func dropped() async throws {
        let site = try await FirewalledSite(.passes, server: ["--heartbeat", "1s"])
        let client = try site.client(["--tcp", "9001"])
        try await Self.send(1...300, to: client)
        try await eventually("they are back") { Self.events(client).compactMap(\.text).count == 300 }
        try await site.become(.drops)
        try await Self.send(301...600, to: client)
        try await eventually("they are back all the same") { Self.events(client).compactMap(\.text).count == 600 }
        try await Self.send(601...900, to: client)
        try await Self.expectEnd(client, 900, site)
        #expect(Self.transports(client) == ["tcp", "duplex"])
    }
}
