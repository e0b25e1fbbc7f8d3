import Foundation
import LongwireClient
import TestSupport
import Testing

/// A service that comes to its end while it is in full use.
@Suite("Draining a service", .serialized, .timeLimit(.minutes(3)))
struct ServiceDrainTests {
    // R: D5
    @Test("2,000 sessions in full flow are drained: each is told, none loses a message, longwired exits with 0")
    func drainOfTwoThousand() async throws {
        let manager = try ServiceManagerDouble()
        let daemon = try await FlowDaemon(
            over: .unix, ["--servlet", "echo", "--drain-window", "2s", "--drain-limit", "60s"],
            environment: ["NOTIFY_SOCKET": manager.address])
        try await manager.waitFor("READY=1")
        let crowd = try await ServiceCrowd(2_000, daemon.url("echo"), pause: .milliseconds(250))
        try await crowd.flows()
        try await manager.waitFor("STATUS=2000 sessions at /longwire; servlets: echo")
        daemon.process.terminate()
        var accounts: [ServiceCrowd.Account] = []
        let seconds = await flowSeconds { accounts = await crowd.end() }
        #expect(try await daemon.process.waitUntilExit() == .exited(0), "\(daemon.process.report)")
        let incomplete = accounts.filter { !$0.isComplete }
        #expect(incomplete.isEmpty, "\(incomplete.count), such as \(incomplete.first?.text ?? "")")
        #expect(accounts.count { $0.wasTold } == 2_000)
        #expect(accounts.allSatisfy { $0.sent > 0 })
        try await manager.waitFor("STOPPING=1")
        let messages = accounts.reduce(0) { $0 + $1.received }
        flowReport("2,000 sessions drained in \(seconds.short) s; \(messages) messages came back, none is missing")
        try await daemon.stop()
    }
}

/// This test program started again as a crowd: for scripts/test-service, whose network is another one.
enum ServiceCrowdRole {
    /// `LONGWIRE_SERVICE_CROWD=2000,URL` makes this process one.
    static var own: (count: Int, url: String)? {
        let words = ProcessInfo.processInfo.environment["LONGWIRE_SERVICE_CROWD"]?.split(separator: ",", maxSplits: 1)
        guard let words, words.count == 2, let count = Int(words[0]) else { return nil }
        return (count, String(words[1]))
    }
}

@Suite("A crowd of its own", .enabled(if: ServiceCrowdRole.own != nil))
struct ServiceCrowdRoleTests {
    @Test("flows until the server drains")
    func play() async throws {
        guard let (count, url) = ServiceCrowdRole.own else { return }
        let crowd = try await ServiceCrowd(count, url, pause: .milliseconds(250))
        try await crowd.flows()
        FlowRole.say("flowing \(count)")
        let accounts = await crowd.end()
        for account in accounts.filter({ !$0.isComplete }).prefix(5) { FlowRole.say("incomplete: \(account.text)") }
        FlowRole.say("told \(accounts.count { $0.wasTold })")
        FlowRole.say("complete \(accounts.count { $0.isComplete })")
        FlowRole.say("messages \(accounts.reduce(0) { $0 + $1.received })")
    }
}
