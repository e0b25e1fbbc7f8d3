import Foundation
import LongwireClient
import TestSupport
import Testing

/// Where longwired takes its configuration from, and what it says when that cannot be.
@Suite struct ConfigTests {
    private static func longwired(
        _ arguments: [String], _ environment: [String: String?] = [:]
    ) async throws -> ManagedProcess.Result {
        // Those of the tests themselves would be mentioned too.
        var environment = environment
        for name in ProcessInfo.processInfo.environment.keys where name.hasPrefix("LONGWIRE_") {
            environment.merge([name: nil]) { given, _ in given }
        }
        return try await ManagedProcess.run(
            BuiltProducts.longwired, arguments, environment: environment, within: .seconds(20))
    }

    @Test func theDefaultsThatItPrintsAreRight() async throws {
        let folder = try TemporaryFolder()
        let printed = try await Self.longwired(["default-config"])
        #expect(printed.status == .exited(0))
        let path = try folder.write(printed.output, to: "c.yaml")
        let checked = try await Self.longwired(["check-config", "--config", path])
        #expect(checked.status == .exited(0), "\(checked.errors)")
        #expect(
            checked.output == "\(path) is right: 3 servlets at /longwire, listening at what it is started with\n")
        // And it serves with them.
        let port = try FreePort.next()
        let process = try ManagedProcess(
            BuiltProducts.longwired,
            ["--config", path, "--http", "127.0.0.1:\(port)", "--control", folder.path("control")])
        try await process.waitForLine(containing: "serving")
        let client = try await FlowClient.connect("http://127.0.0.1:\(port)/longwire/echo")
        #expect(try await client.echoes("hello"))
        process.terminate()
        #expect(try await process.waitUntilExit() == .exited(0))
    }

    @Test func aFlagIsStrongerThanTheEnvironmentAndThatThanTheFile() async throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("mount: /file\n", to: "c.yaml")
        func mount(_ flags: [String], _ environment: [String: String?]) async throws -> String {
            let result = try await Self.longwired(["check-config"] + flags, environment)
            #expect(result.status == .exited(0), "\(result.errors)")
            return result.output
        }
        #expect(try await mount([], [:]).contains("servlets at /longwire,"))
        #expect(try await mount(["--config", path], [:]).contains("servlets at /file,"))
        #expect(try await mount([], ["LONGWIRE_CONFIG": path]).contains("servlets at /file,"))
        let environment: [String: String?] = ["LONGWIRE_CONFIG": path, "LONGWIRE_MOUNT": "/environment"]
        #expect(try await mount([], environment).contains("servlets at /environment,"))
        #expect(try await mount(["--mount", "/flag"], environment).contains("servlets at /flag,"))
        #expect(
            try await mount([], ["LONGWIRE_CONFIG": path, "LONGWIRE_MOUNT": ""]).contains("servlets at /file,"))
    }

    @Test func everythingWrongWithAFileIsToldWithItsPlaceAndNothingIsOpened() async throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(
            """
            mount: talk
            sesion: {}
            session:
              heartbeat: 15
            servlets:
              a: echo
              a: chat
              b: bell
              c: {exec: /no/such/program}
            control: \(folder.path("control"))
            listen: {fastcgi: ["unix:\(folder.path("socket"))"]}
            """, to: "c.yaml")
        for arguments in [["check-config", "--config", path], ["--config", path], ["serve", "--config", path]] {
            let result = try await Self.longwired(arguments)
            #expect(result.status == .exited(78), "\(result.errors)")
            let expected = [
                ":1:8: the mount is \"talk\"; it must begin with a slash",
                ":2:1: sesion is not a key; did you mean session?", ":4:14: \"15\" is no time; write a whole number",
                ":7:3: a is given twice", ":8:6: \"bell\" is not a kind of servlet; write echo, chat, chat:FILE",
            ]
            for sentence in expected {
                #expect(result.errors.contains(path + sentence), "\(sentence)\n\(result.errors)")
            }
        }
        let broken = try folder.write("log: {level: [}\n", to: "d.yaml")
        let result = try await Self.longwired(["check-config", "--config", broken])
        #expect(result.status == .exited(78))
        #expect(result.errors.hasPrefix("\(broken):1:15: this is not YAML: "), "\(result.errors)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["c.yaml", "d.yaml"])
    }

    @Test func aProgramThatIsNotThereIsNamedWithItsPlace() async throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("servlets:\n  bot: exec:/no/such/program\n  ok: exec:cat\n", to: "c.yaml")
        let result = try await Self.longwired(["check-config", "--config", path])
        #expect(result.status == .exited(78))
        #expect(result.errors.hasPrefix("\(path):2:3: bot: "), "\(result.errors)")
        #expect(result.errors.contains("/no/such/program"), "\(result.errors)")
        #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
    }

    @Test func variablesAreNamedWhenTheyAreWrongAndUnknownOnesOnlyMentioned() async throws {
        let wrong = try await Self.longwired(["check-config"], ["LONGWIRE_SESSION_WINDOW": "much"])
        #expect(wrong.status == .exited(78))
        #expect(wrong.errors.contains("LONGWIRE_SESSION_WINDOW: \"much\" is no size; write"), "\(wrong.errors)")
        let unknown = try await Self.longwired(["check-config"], ["LONGWIRE_MOUNTS": "/x"])
        #expect(unknown.status == .exited(0))
        #expect(
            unknown.errors.contains(
                "LONGWIRE_MOUNTS: longwired has no such variable; did you mean LONGWIRE_MOUNT?\n"))
        let missing = try await Self.longwired(["check-config", "--config", "/no/such/file"])
        #expect(missing.status == .exited(78))
        #expect(missing.errors == "/no/such/file: the configuration file does not exist\n")
        let flag = try await Self.longwired(["check-config", "--window", "much"])
        #expect(flag.status == .exited(64))
        #expect(flag.errors.contains("--window much: \"much\" is no size; write"), "\(flag.errors)")
    }

    @Test func everyHelpFitsAScreenAndShowsAnExample() async throws {
        for command in ["", "serve", "check-config", "default-config", "sessions", "close", "token", "version"] {
            let result = try await Self.longwired(
                (command.isEmpty ? [] : [command]) + ["--help"], ["COLUMNS": "80"])
            #expect(result.status == .exited(0))
            let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.count <= 41, "\(command): \(lines.count) lines")
            for line in lines { #expect(line.count <= 80, "\(command): \(line)") }
            #expect(result.output.contains("Example"), "\(command)")
        }
        let hidden = try await Self.longwired(["serve", "--help-hidden"])
        for flag in ["--heartbeat-mode", "--loopback-allowance", "--drain-window", "--loops", "--framing"] {
            #expect(hidden.output.contains(flag))
        }
    }

    @Test func theVersionIsToldInBothWays() async throws {
        let command = try await Self.longwired(["version"])
        #expect(command.status == .exited(0) && command.output.hasPrefix("longwired "))
        let flag = try await Self.longwired(["--version"])
        #expect("longwired \(flag.output)" == command.output)
    }
}
