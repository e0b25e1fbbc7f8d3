import Foundation
import TestSupport
import Testing

/// What longwired says when it cannot start: a sentence and an exit code.
@Suite struct BadInputFlagTests {
    private static func expect(
        _ flags: [String], _ code: Int32, _ sentence: String, location: SourceLocation = #_sourceLocation
    ) async throws {
        let folder = try TemporaryFolder()
        let result = try await ManagedProcess.run(
            BuiltProducts.longwired, flags + ["--control", folder.path("control")], within: .seconds(20))
        #expect(result.status == .exited(code), "\(flags): \(result.errors)", sourceLocation: location)
        #expect(result.errors.contains(sentence), "\(flags): \(result.errors)", sourceLocation: location)
        #expect(!FileManager.default.fileExists(atPath: folder.path("control")), sourceLocation: location)
    }

    // R: D1, D10
    @Test func flagsThatCannotWorkAreRefusedWithASentence() async throws {
        let cases: [([String], Int32, String)] = [
            (["--servlet", "echo", "--servlet", "echo=clock"], 64, "--servlet: echo is given twice"),
            (
                ["--servlet", "echo=bell"], 64,
                "--servlet echo=bell: \"bell\" is not a kind of servlet; write echo, chat, chat:FILE, clock, exec:"
            ),
            (["--servlet", "bell"], 64, "\"bell\" is not a kind of servlet"),
            (["--servlet", "../x=echo", "--http", "127.0.0.1:1"], 64, "cannot be a servlet's name"),
            (["--mount", "longwire", "--http", "127.0.0.1:1"], 64, "must begin with a slash"),
            (["--mount", "/long/../wire", "--http", "127.0.0.1:1"], 64, "no empty, . or .. segment"),
            (["--fastcgi", "127.0.0.1"], 64, "write host:port"),
            (["--fastcgi", "127.0.0.1:99999"], 64, "the port must be a number up to 65535"),
            (["--fastcgi", "unix:/x?mode=9"], 64, "the mode must be octal"),
            (["--http", "8080"], 64, "write HOST:PORT"),
            (["--http", "unix:/x?mode=9"], 64, "the mode must be octal"),
            (
                ["--loops", "0", "--http", "127.0.0.1:1"], 64,
                "--loops 0: \"0\" cannot be; write a number from 1 to 1024"
            ),
            (["--heartbeat", "15"], 64, "--heartbeat 15: \"15\" is no time; write a whole number with its unit"),
            (["--heartbeat", "1ms", "--http", "127.0.0.1:1"], 64, "the heartbeat must be at least 10 ms"),
            (["--window", "100", "--http", "127.0.0.1:1"], 64, "it must hold one frame"),
            (["--nonsense"], 64, "--nonsense"),
        ]
        for (flags, code, sentence) in cases { try await Self.expect(flags, code, sentence) }
    }

    // R: D1, D10
    @Test func aPortInUseIsNamed() async throws {
        let port = try FreePort.next()
        let folder = try TemporaryFolder()
        let first = try ManagedProcess(
            BuiltProducts.longwired, ["--http", "127.0.0.1:\(port)", "--control", folder.path("control")])
        try await first.waitForLine(containing: "serving")
        try await Self.expect(["--http", "127.0.0.1:\(port)"], 1, "cannot serve HTTP at 127.0.0.1:\(port): ")
        try await Self.expect(["--fastcgi", "127.0.0.1:\(port)"], 1, "cannot serve FastCGI at 127.0.0.1:\(port): ")
        #expect(first.isRunning)
        // The operator's socket of a living process is not taken from it either.
        let result = try await ManagedProcess.run(
            BuiltProducts.longwired,
            ["--http", "127.0.0.1:\(try FreePort.next())", "--control", folder.path("control")], within: .seconds(20))
        #expect(result.status == .exited(1))
        #expect(result.errors.contains("another process listens at \(folder.path("control"))"), "\(result.errors)")
        let sessions = try await ManagedProcess.run(
            BuiltProducts.longwired, ["sessions", "--control", folder.path("control")])
        #expect(sessions.status == .exited(0))
    }

    // R: D1
    @Test func aSocketThatCannotBeMadeIsNamedWithTheReason() async throws {
        let folder = try TemporaryFolder()
        let long = folder.path(String(repeating: "x", count: 120))
        try await Self.expect(["--fastcgi", "unix:\(long)"], 1, "the system allows 107")
        try await Self.expect(
            ["--fastcgi", "unix:\(folder.path("no/such/lw.sock"))"], 1,
            "The directory \(folder.path("no/such")) of the unix socket does not exist")
        try folder.write("not a socket", to: "file")
        try await Self.expect(["--fastcgi", "unix:\(folder.path("file"))"], 1, "exists and is not a socket")
        #expect(folder.read("file") == "not a socket")
    }

    // R: D1
    @Test func aFolderThatMayNotBeWrittenIsNamed() async throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.path("closed"), withIntermediateDirectories: true)
        try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: folder.path("closed"))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path)
        var (program, arguments) = (
            try BuiltProducts.longwired,
            ["--fastcgi", "unix:\(folder.path("closed/lw.sock"))", "--control", folder.path("control")]
        )
        if geteuid() == 0 {
            // Root may write anywhere, so it must be somebody else.
            let copy = folder.path("longwired")
            try FileManager.default.copyItem(atPath: program, toPath: copy)
            arguments = ["--reuid=65534", "--regid=65534", "--clear-groups", copy] + arguments
            program = "setpriv"
        }
        let result = try await ManagedProcess.run(program, arguments, within: .seconds(20))
        #expect(result.status == .exited(1), "\(result.errors)")
        #expect(
            result.errors.contains("the user of this program may not write to \(folder.path("closed"))"),
            "\(result.errors)")
    }

    // R: D1
    @Test func withoutAnythingToListenAtItSaysWhatToWrite() async throws {
        try await Self.expect([], 1, "nothing to listen at: say --http 127.0.0.1:8080, or --fastcgi 127.0.0.1:9000")
    }
}
