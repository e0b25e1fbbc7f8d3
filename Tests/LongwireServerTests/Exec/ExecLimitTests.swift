import Foundation
import LongwireClient
import LongwireServer
import NIOCore
import TestSupport
import Testing

/// Every limit, and its code.
@Suite("The limits of a program", .timeLimit(.minutes(2))) struct ExecLimitTests {
    @Test("With lines, a message with a newline ends the session with 1400; nothing of it reaches the program")
    func newline() async throws {
        let site = try await ExecSite("cat >$FOLDER/got")
        let (_, ending) = try await site.talk([Message("one"), Message("two\nthree"), Message("four")])
        #expect(ending.code == ExecCode.newlineInMessage && ending.code.rawValue == 1400)
        #expect(ending.reason.contains("newline"))
        try await site.expectNothingLeft()
        #expect(site.folder.read("got") == "one\n" || site.folder.read("got") == "")
        try await site.stop()
    }

    @Test("The run time is up: 1401")
    func runTime() async throws {
        let site = try await ExecSite("while :; do echo x; \(Shell.pause(0.01)); done") {
            $0.runTime = .milliseconds(200)
        }
        let (messages, ending) = try await site.talk()
        #expect(!messages.isEmpty)
        #expect(ending.code == ExecCode.runTime && ending.code.rawValue == 1401)
        #expect(ending.reason == "the program ran for its limit of 200 ms")
        try await site.expectNothingLeft()
        try await site.stop()
    }

    @Test("Too much output: 1402, after exactly what was allowed")
    func outputLimit() async throws {
        let site = try await ExecSite(command: ["yes", "123456789"]) { $0.outputLimit = 100_000 }
        let (messages, ending) = try await site.talk()
        #expect(messages.count == 10_000 && messages.allSatisfy { $0.text == "123456789" })
        #expect(ending.code == ExecCode.outputLimit && ending.code.rawValue == 1402)
        #expect(ending.reason == "the program wrote more than its limit of 100000 bytes")
        try await site.expectNothingLeft()
        try await site.stop()
    }

    @Test("The output limit itself is allowed")
    func outputLimitExactly() async throws {
        let site = try await ExecSite("printf 12345") {
            $0.outputLimit = 5
            $0.framing = .bytes
        }
        let (messages, ending) = try await site.talk()
        #expect(messages.map(\.text).joined() == "12345")
        #expect(ending.code == .done)
        try await site.stop()
    }

    @Test(
        "Output that is not what was agreed: 1403, after what was right",
        arguments: [
            (ProgramFraming.netstring, "printf '2:ab,x'", "not a netstring"),
            (.netstring, "printf '2:ab,9:ab'", "ended inside a message"),
            (.length, "printf '\\0\\0\\0\\002ab\\377\\0\\0\\0'", "longer than the limit of 1048576 bytes"),
            (.lines, "echo ab; head -c 1048577 /dev/zero", "longer than the limit of 1048576 bytes"),
        ])
    func badOutput(framing: ProgramFraming, script: String, why: String) async throws {
        let site = try await ExecSite(script) { $0.framing = framing }
        let (messages, ending) = try await site.talk()
        #expect(messages == [Message("ab")])
        #expect(ending.code == ExecCode.badOutput && ending.code.rawValue == 1403)
        #expect(ending.reason.contains(why) && ending.reason.contains(framing.rawValue))
        try await site.expectNothingLeft()
        try await site.stop()
    }

    @Test(
        "A program that cannot be started: 1404, with the system's words",
        arguments: ["#!/no/such/interpreter\n", "\u{1}"])
    func notStarted(content: String) async throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(content, to: "program")
        #expect(chmod(path, 0o755) == 0)
        let site = try await ExecSite(command: [path])
        let (messages, ending) = try await site.talk()
        #expect(messages.isEmpty)
        #expect(ending.code == ExecCode.notStarted && ending.code.rawValue == 1404)
        #expect(ending.reason.hasPrefix("the program could not be started: "))
        #expect(!ending.reason.contains(path))
        try await site.stop()
    }

    @Test("More programs than may run: overloaded, until one has ended")
    func processLimit() async throws {
        let site = try await ExecSite(command: ["cat"]) { $0.processLimit = 2 }
        let first = try await site.connect()
        let second = try await site.connect()
        for session in [first, second] {
            try await session.send("up")
            #expect(try await session.nextText() == "up")
        }
        let error = await #expect(throws: (any Error).self) {
            let third = try await site.connect()
            throw try await third.rest().ending
        }
        #expect("\(error.map { "\($0)" } ?? "")".contains("the limit of 2 programs is reached"))
        #expect(await first.close().code == .done)
        try await eventually("there is room again") {
            guard let session = try? await site.connect() else { return false }
            return await session.close().code == .done
        }
        #expect(await second.close().code == .done)
        try await site.stop()
    }

    @Test("A program that never reads stops its client at the window; other sessions go on")
    func programStopsClient() async throws {
        let site = try await ExecSite("\(Shell.forever)")
        let session = try await site.connect()
        let sending = Task {
            var sent = 0
            do {
                while true {
                    try await session.send(ByteBuffer(repeating: UInt8(ascii: "x"), count: 10_000))
                    sent += 10_000
                }
            } catch { return sent }
        }
        let other = try await site.server.connect("echo")
        // The client's send buffer, the server's window, two buffers of 64 KiB and the pipe are full, and stay so.
        try await eventually("the client was stopped") {
            let before = await session.status.unacknowledged
            for _ in 0..<50 {
                try await other.send("ping")
                #expect(try await other.nextText() == "ping")
            }
            return await session.status.unacknowledged == before && before >= 200_000
        }
        session.abort(.done)
        #expect(await sending.value < 2_000_000)
        try await site.expectNothingLeft()
        await other.close()
        try await site.stop()
    }

    @Test("A client that does not read stops the program at its pipe")
    func clientStopsProgram() async throws {
        let pad = String(repeating: "x", count: 2000)
        let site = try await ExecSite("i=0; while :; do i=$((i+1)); echo $i $PAD; echo $i >$FOLDER/written; done") {
            $0.environment["PAD"] = pad
        }
        let session = try await site.connect()
        try await eventually("the program was stopped") {
            let before = site.folder.read("written")
            try await Pace.idle(.milliseconds(300))
            return !before.isEmpty && site.folder.read("written") == before
        }
        // Nothing was lost on the way.
        var messages = session.messages.makeAsyncIterator()
        for number in 1...5_000 { #expect(try await messages.next()?.text == "\(number) \(pad)") }
        session.abort(.done)
        try await site.expectNothingLeft()
        try await site.stop()
    }
}
