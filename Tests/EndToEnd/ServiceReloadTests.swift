import Foundation
import LongwireClient
import TestSupport
import Testing

/// What the service manager is told of a reload, and what of its own does not go further than to longwired.
@Suite("Reloading a service", .timeLimit(.minutes(2)))
struct ServiceReloadTests {
    @Test("a reload is announced with its moment, and over once the new configuration is in force")
    func goodReload() async throws {
        let manager = try ServiceManagerDouble()
        let site = try await ConfigSite("servlets: {a: echo}\n", environment: ["NOTIFY_SOCKET": manager.address])
        try await manager.waitFor("READY=1")
        let session = try await site.connect("a")
        let before = ServiceManagerDouble.now
        try site.write("servlets: {a: echo, b: chat}\n")
        site.process.send(signal: SIGHUP)
        let ready = try await manager.waitFor("READY=1", times: 2)
        let reloading = try #require(manager.notices(saying: "RELOADING=1").first)
        // What systemd compares with the moment of its signal: later than that, and earlier than the answer.
        let moment = try #require(reloading["MONOTONIC_USEC"].flatMap(Int64.init))
        #expect(before <= moment && moment <= reloading.readAt)
        #expect(reloading.readAt <= ready.readAt)
        #expect(ready["STATUS"] == "1 session at /longwire; servlets: a, b")
        #expect(try await site.connect("b").session.close().kind == .closed)
        #expect(try await session.echoes("still here"))
        site.process.stop()
    }

    @Test("a bad configuration ends the reload too, and the status says what is wrong")
    func badReload() async throws {
        let manager = try ServiceManagerDouble()
        let site = try await ConfigSite("servlets: {a: echo}\n", environment: ["NOTIFY_SOCKET": manager.address])
        try await manager.waitFor("READY=1")
        let session = try await site.connect("a")
        try site.write("servlets: {a: echo}\nnonsense: 1\n")
        site.process.send(signal: SIGHUP)
        let ready = try await manager.waitFor("READY=1", times: 2)
        #expect(manager.notices(saying: "RELOADING=1").count == 1)
        let status = try #require(ready["STATUS"])
        #expect(status.hasPrefix("Not reloaded: ") && status.contains("nonsense is not a key"), "\(status)")
        #expect(try await session.echoes("still here"))
        site.process.stop()
    }

    @Test("what the manager left in the environment is for longwired alone, not for its programs")
    func environmentOfPrograms() async throws {
        let manager = try ServiceManagerDouble()
        let site = try await ConfigSite(
            "servlets: {e: \"exec:env\"}\n",
            environment: ["NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "60000000", "LISTEN_FDS": "1"])
        try await manager.waitFor("READY=1")
        let client = try await site.connect("e")
        var names: [String] = []
        for try await message in client.session.messages {
            names.append(String(message.text.prefix { $0 != "=" }))
        }
        #expect(names.contains("LONGWIRE_SESSION"))
        #expect(names.allSatisfy { !$0.hasPrefix("NOTIFY_") && !$0.hasPrefix("WATCHDOG_") && !$0.hasPrefix("LISTEN_") })
        site.process.terminate()
        #expect(try await site.process.waitUntilExit() == .exited(0), "\(site.process.report)")
    }
}
