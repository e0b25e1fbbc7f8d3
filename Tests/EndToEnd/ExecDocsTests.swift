import Foundation
import LongwireClient
import LongwireServer
import Logging
import NIOCore
import TestSupport
import Testing

/// The programs of Docs/exec.md, exactly as they stand there, through real nginx.
@Suite("The programs of Docs/exec.md", .serialized, .timeLimit(.minutes(3))) struct ExecDocsTests {
    @Test("Python, shell and Node answer through nginx and longwired, and nothing of them is left")
    func threeLanguages() async throws {
        let programs = try ExecPrograms()
        let daemon = try await FlowDaemon([
            "--servlet", "python=exec:\(programs.python)", "--servlet", "shell=exec:\(programs.shell)",
            "--servlet", "node=exec:\(programs.node)",
        ])
        // As the docs have it: the terminal client in a pipe.
        let python = try await ManagedProcess.run(
            BuiltProducts.longwire, ["connect", daemon.url("python")], input: "one\ntwo\n")
        #expect(python.output == "Hello, stranger\n1: eno\n2: owt\nGoodbye.\n")
        #expect(python.status == .exited(0))
        let shell = try await ManagedProcess.run(
            BuiltProducts.longwire, ["connect", daemon.url("shell")], input: "date\n  hi  \n")
        let lines = shell.output.split(separator: "\n")
        #expect(lines.count == 4 && lines.first == "Hello, 127.0.0.1" && lines.last == "Goodbye.", "\(lines)")
        #expect(lines.dropFirst().first?.wholeMatch(of: /\d{4}-\d\d-\d\d/) != nil)
        #expect(lines.dropFirst(2).first == "You said:   hi  ")

        // Node speaks unasked, so this one listens before it speaks.
        let session = try await Longwire.connect(daemon.url("node"))
        var heard: [String] = []
        for try await message in session.messages {
            heard.append(message.text)
            if message.text == "0 so far" { try await session.send("ada") }
            if message.text == "1 so far" { session.beginClose() }
        }
        let ending = await session.ending
        #expect(heard.first == "Hello, 127.0.0.1" && heard.contains("1: ADA") && heard.last == "Goodbye.", "\(heard)")
        #expect(ending.code == .done)
        try await eventually("nothing is left of the programs") { programs.processes.isEmpty }
        try await daemon.stop()
    }

    @Test("200 sessions of one program at once answer each their own, without a thread each")
    func manySessions() async throws {
        let programs = try ExecPrograms()
        var configuration = ExecConfiguration(command: [programs.shell])
        configuration.processLimit = 200
        let logger = Logger(label: "test")
        let site = try await ExecMount(["shell": .task(try ExecServlet(configuration, logger: logger))])
        let threads = try #require(Self.threads)
        var sessions: [Session] = []
        for _ in 0..<200 { sessions.append(try await Longwire.connect(site.url("shell"))) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, session) in sessions.enumerated() {
                group.addTask {
                    var messages = session.messages.makeAsyncIterator()
                    #expect(try await messages.next()?.text == "Hello, 127.0.0.1")
                    for round in 0..<5 {
                        try await session.send("\(number) \(round)")
                        #expect(try await messages.next()?.text == "You said: \(number) \(round)")
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(programs.processes.count == 200)
        #expect(try #require(Self.threads) < threads + 20)
        let refused = try await Self.refusal(site.url("shell"))
        #expect(refused.contains("the limit of 200 programs is reached"), "\(refused)")
        for session in sessions { session.beginClose() }
        for session in sessions {
            let (texts, ending) = try await session.remainder()
            #expect(texts == ["Goodbye."] && ending.code == .done)
        }
        try await eventually("nothing is left of the programs") { programs.processes.isEmpty }
        try await site.stop()
    }

    private static func refusal(_ url: String) async throws -> String {
        do { return "\(try await Longwire.connect(url).remainder().ending)" } catch { return "\(error)" }
    }

    /// The threads of this process.
    private static var threads: Int? {
        try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
    }

    /// 10 MB, or the whole 100 MB where long series are asked for.
    private static let volume = flowIsLong ? 100_000_000 : 10_000_000

    @Test("Random bytes pass exec:cat unchanged, from the terminal client and back")
    func volume() async throws {
        var configuration = ExecConfiguration(command: ["cat"])
        configuration.framing = .bytes
        let logger = Logger(label: "test")
        let site = try await ExecMount(["cat": .task(try ExecServlet(configuration, logger: logger))])
        let folder = try TemporaryFolder()
        let (input, output) = (folder.path("in"), folder.path("out"))
        try await ManagedProcess.mustRun("sh", ["-c", "head -c \(Self.volume) /dev/urandom > \(input)"])
        let clock = ContinuousClock()
        let time = try await clock.measure {
            let client = try await ManagedProcess.run(
                "sh",
                [
                    "-c", "\"$0\" connect --binary \"$1\" <\"$2\" >\"$3\"", BuiltProducts.longwire, site.url("cat"),
                    input, output,
                ],
                within: .seconds(120))
            #expect(client.status == .exited(0), "\(client.errors)")
        }
        let sums = try await ManagedProcess.mustRun("sha256sum", [input, output]).split(separator: "\n")
            .map { $0.prefix(64) }
        #expect(sums.count == 2 && sums.first == sums.last)
        print("exec:cat: \(Self.volume / 1_000_000) MB each way in \(time)")
        try await site.stop()
    }
}
