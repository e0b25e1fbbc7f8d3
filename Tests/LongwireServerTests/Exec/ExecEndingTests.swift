import Foundation
import LongwireClient
import LongwireServer
import NIOCore
import TestSupport
import Testing

/// How programs end, and that nothing is left of them.
@Suite("The end of a program", .timeLimit(.minutes(2))) struct ExecEndingTests {
    @Test(
        "Exit status 0 is done, others are 1000 and the status; what was written before is delivered",
        arguments: [0, 1, 7, 255])
    func exits(status: Int) async throws {
        let site = try await ExecSite("printf 'first\\nlast'; exit \(status)")
        let (messages, ending) = try await site.talk()
        #expect(messages == [Message("first"), Message("last")])
        #expect(ending.kind == .closed)
        #expect(ending.code.rawValue == (status == 0 ? 0 : 1000 + UInt64(status)))
        #expect(status == 0 || ending.reason == "the program ended with exit status \(status)")
        #expect(ExecCode.exited(Int32(status)) == ending.code)
        try await site.expectNothingLeft()
        try await site.stop()
    }

    @Test("Killed by a signal is 1300 and the signal", arguments: [(11, "SIGSEGV"), (9, "SIGKILL"), (1, "SIGHUP")])
    func killed(signal: Int, name: String) async throws {
        let site = try await ExecSite("echo before; kill -\(signal) $$")
        let (messages, ending) = try await site.talk()
        #expect(messages == [Message("before")])
        #expect(ending.code.rawValue == 1300 + UInt64(signal))
        #expect(ending.reason == "the program was killed by signal \(signal) (\(name))")
        #expect(ExecCode.killed(by: Int32(signal)) == ending.code)
        try await site.stop()
    }

    @Test("A client's CLOSE is the end of the program's input, which may go on writing for longer than the grace")
    func halfClose() async throws {
        // Writes every third of the grace, for more than three graces.
        let site = try await ExecSite(
            "cat; i=0; while [ $i -lt 12 ]; do i=$((i+1)); echo $i; \(Shell.pause(0.1)); done")
        let (messages, ending) = try await site.talk([Message("one"), Message("two")])
        #expect(messages.map(\.text) == ["one", "two"] + (1...12).map { "\($0)" })
        #expect(ending.code == .done)
        try await site.stop()
    }

    @Test("A program that ignores the end of its input is told to end once it was silent for the grace")
    func ignoresEndOfInput() async throws {
        let site = try await ExecSite("echo here; exec \(Shell.forever)")
        let (messages, ending) = try await site.talk([Message("unread")])
        #expect(messages == [Message("here")])
        #expect(ending.code == ExecCode.killed(by: SIGTERM))
        #expect(ending.reason.contains("silent for 300 ms after the end of its input"))
        try await site.expectNothingLeft()
        try await site.stop()
    }

    @Test("A program that never reads is told to end too, however much was sent")
    func neverReads() async throws {
        let site = try await ExecSite("exec \(Shell.forever)")
        let (_, ending) = try await site.talk((0..<20).map { _ in Message(String(repeating: "x", count: 10_000)) })
        #expect(ending.code == ExecCode.killed(by: SIGTERM))
        try await site.expectNothingLeft()
        try await site.stop()
    }

    @Test("A program that reads slowly and says nothing is left alone until everything is in its pipe")
    func readsSlowly() async throws {
        // Far more than a pipe holds, a piece every tenth of a second, for more than two graces.
        let site = try await ExecSite(
            "while head -c 20000 >>$FOLDER/got; [ -s $FOLDER/got ]; do \(Shell.pause(0.1)); "
                + "n=$((n+1)); [ $n -lt 20 ] || break; done; wc -c <$FOLDER/got"
        ) { $0.grace = .milliseconds(700) }
        let (messages, ending) = try await site.talk(
            (1...20).map { _ in Message(String(repeating: "x", count: 19_999)) })
        #expect(messages == [Message("400000")])
        #expect(ending.code == .done, "\(ending)")
        try await site.stop()
    }

    @Test("SIGTERM ignored, SIGKILL follows after the grace, for the children as well")
    func ignoresSIGTERM() async throws {
        let site = try await ExecSite("trap '' TERM; \(Shell.forever) & while :; do \(Shell.forever); done")
        let (_, ending) = try await site.talk()
        #expect(ending.code == ExecCode.killed(by: SIGKILL))
        try await site.expectNothingLeft()
        try await site.stop()
    }

    @Test("Children that hold the output get the grace after the program's exit, and then are killed")
    func forksAndLingers() async throws {
        let site = try await ExecSite(
            "(trap '' TERM; \(Shell.pause(0.1)); echo late; \(Shell.forever)) & echo early; exit 3")
        let (messages, ending) = try await site.talk()
        #expect(messages.map(\.text) == ["early", "late"])
        #expect(ending.code == ExecCode.exited(3))
        try await site.expectNothingLeft()
        try await site.stop()
    }

    @Test("Children that hold nothing are killed with the program's exit")
    func forksQuietly() async throws {
        let site = try await ExecSite("\(Shell.forever) >/dev/null 2>&1 </dev/null & echo $!")
        let (messages, ending) = try await site.talk()
        let child = try #require(pid_t(messages.first?.text ?? ""))
        #expect(ending.code == .done)
        try await eventually("the child is gone") { ProcessTable.entry(child).map { $0.state == "Z" } ?? true }
        try await site.expectNothingLeft()
        try await site.stop()
    }

    @Test("Who leaves the group and holds the output does not hold the session")
    func leavesTheGroup() async throws {
        let site = try await ExecSite("setsid \(Shell.forever) & echo $!; exit 5")
        let (messages, ending) = try await site.talk()
        #expect(messages.count == 1)
        #expect(ending.code == ExecCode.exited(5))
        for pid in site.processes { kill(pid, SIGKILL) }
        try await site.expectNothingLeft()
        try await site.stop()
    }

    @Test("A program that closes its output first still gets its messages; CLOSE comes with its exit")
    func closesOutputFirst() async throws {
        let site = try await ExecSite("exec >&-; cat >$FOLDER/got; exit 4")
        let (messages, ending) = try await site.talk((1...100).map { Message("\($0)") })
        #expect(messages.isEmpty)
        #expect(ending.code == ExecCode.exited(4))
        #expect(site.folder.read("got") == (1...100).map { "\($0)\n" }.joined())
        try await site.stop()
    }

    @Test("A program that closes its input first goes on talking; what is sent to it is dropped")
    func closesInputFirst() async throws {
        let site = try await ExecSite(
            "exec <&-; echo closed; while [ ! -e $FOLDER/go ]; do \(Shell.pause(0.02)); done; echo end")
        let session = try await site.connect()
        var messages = session.messages.makeAsyncIterator()
        #expect(try await messages.next()?.text == "closed")
        for _ in 0..<100 { try await session.send(String(repeating: "x", count: 10_000)) }
        try site.folder.write("", to: "go")
        #expect(try await messages.next()?.text == "end")
        #expect(try await session.rest().ending.code == .done)
        try await site.stop()
    }

    @Test("A lost session: SIGTERM at once, whatever the program still writes")
    func lost() async throws {
        let site = try await ExecSite(
            "trap 'echo term >$FOLDER/how; exit 0' TERM; while :; do echo x; \(Shell.pause(0.01)); done")
        let session = try await site.connect()
        #expect(try await session.nextText() == "x")
        session.abort(.internalError)
        try await eventually("it was told to end") { site.folder.read("how") == "term\n" }
        try await site.expectNothingLeft()
        try await site.stop()
    }

    @Test("Draining returns when every program is gone, also one that ignores SIGTERM")
    func drain() async throws {
        let site = try await ExecSite("trap '' TERM; echo up; while :; do \(Shell.forever); done")
        var sessions: [Session] = []
        for _ in 0..<5 {
            let session = try await site.connect()
            #expect(try await session.nextText() == "up")
            sessions.append(session)
        }
        #expect(site.processes.count >= 5)
        await site.server.mount.drain(window: .zero, limit: .zero)
        #expect(site.processes.isEmpty)
        try await site.stop()
    }

    @Test("An operator's close ends the program, and the client is told the operator's words")
    func operatorCloses() async throws {
        let site = try await ExecSite("while :; do echo x; \(Shell.pause(0.01)); done")
        let session = try await site.connect()
        #expect(try await session.nextText() == "x")
        #expect(site.server.mount.close(session.identifier, reason: "maintenance"))
        let ending = try await session.rest().ending
        #expect(ending.code == .operatorEnded && ending.reason == "maintenance")
        try await site.expectNothingLeft()
        try await site.stop()
    }
}
