import Foundation
import LongwireServer
import NIOCore
import Testing

@testable import longwired

/// What a configuration file may say, and where it is told that it is wrong.
@Suite struct ConfigurationFileTests {
    private static func complaints(_ text: String) -> [String] {
        ConfigurationFile(text: text, path: "F").complaints.map(\.description)
    }

    @Test func everyValueKnowsItsPlace() throws {
        let file = ConfigurationFile(
            text: "mount: /talk\nlisten:\n  http: [127.0.0.1:8080, \"[::1]:8080\"]\nsession: {heartbeat: 5s}\n",
            path: "F")
        #expect(file.complaints.isEmpty)
        #expect(file.values["mount"] == [Written(text: "/talk", origin: .file("F", line: 1, column: 8))])
        #expect(file.values["listen.http"]?.map(\.text) == ["127.0.0.1:8080", "[::1]:8080"])
        #expect(file.values["listen.http"]?.last?.origin == .file("F", line: 3, column: 26))
        #expect(file.values["session.heartbeat"]?.first?.origin == .file("F", line: 4, column: 22))
    }

    @Test func unknownKeysArePointedAtWithTheNearestKnownOne() {
        #expect(Self.complaints("mont: /x\n") == ["F:1:1: mont is not a key; did you mean mount?"])
        #expect(
            Self.complaints("session:\n  heartbeet: 1s\n")
                == ["F:2:3: session.heartbeet is not a key; did you mean heartbeat?"])
        #expect(
            Self.complaints("resume-time: 1s\n") == [
                "F:1:1: resume-time is not a key; did you mean session.resume-time?"
            ])
        #expect(
            Self.complaints("drain: {colour: red}\n") == ["F:1:9: drain.colour is not a key; known here: window, limit"]
        )
    }

    @Test func everythingWrongIsToldAtOnce() {
        let text = """
            mount: [a]
            mount2: b
            session: 5
            listen:
              http: {a: b}
            log:
              level:
            servlets:
              one: echo
              two: bell
              three: [echo]
              four: {exec: cat, connect: "tcp://127.0.0.1:1"}
              five: {framing: lines}
              six: {exec: cat, framing: words, run-time: 5, proceses: 3, connect-timeout: 1s}
              seven:
            """
        let found = Self.complaints(text)
        let places = found.map { $0.split(separator: " ")[0] }
        #expect(
            places == [
                "F:1:8:", "F:2:1:", "F:3:10:", "F:5:9:", "F:7:9:", "F:10:8:", "F:11:10:", "F:12:3:", "F:13:3:",
                "F:14:29:", "F:14:46:", "F:14:49:", "F:14:62:", "F:15:3:",
            ], "\(found.joined(separator: "\n"))")
    }

    @Test func whatIsGivenTwiceIsPointedAtAndTheRestStillRead() {
        let text =
            "mount: /a\nservlets:\n  a: echo\n  b: clock\n  \"a\": chat\nlog: {level: info, level: debug}\nmount: /b\nloops: x\n"
        let found = Set(Self.complaints(text))
        #expect(found.contains("F:5:3: a is given twice; leave one of them out"), "\(found)")
        #expect(found.contains("F:6:20: level is given twice; leave one of them out"), "\(found)")
        #expect(found.contains("F:7:1: mount is given twice; leave one of them out"), "\(found)")
        #expect(ConfigurationFile(text: text, path: "F").values["loops"]?.first?.text == "x")
    }

    @Test func whatIsNoYAMLIsPointedAt() {
        #expect(Self.complaints("mount: \"/a\nlog: x\n").first?.hasPrefix("F:3:1: this is not YAML: ") == true)
        #expect(Self.complaints("a: b: c\n").first?.hasPrefix("F:1:5: this is not YAML: ") == true)
        #expect(Self.complaints("- mount\n") == ["F:1:1: the file must be keys with values, such as mount: /longwire"])
        #expect(Self.complaints("mount: *nothing\n").first?.hasPrefix("F:1:8: this is not YAML: ") == true)
        #expect(
            Self.complaints("").isEmpty && Self.complaints("# nothing\n").isEmpty && Self.complaints("log:\n").isEmpty)
    }

    @Test func aMissingFileAndOneThatIsNoTextAreNamed() throws {
        #expect(
            ConfigurationFile(path: "/nowhere/x").complaints.map(\.description)
                == ["/nowhere/x: the configuration file does not exist"])
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(
            "lw.\(UInt64.random(in: 0...UInt64.max))"
        ).path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data([0xff, 0xfe, 0x00]).write(to: URL(fileURLWithPath: path))
        #expect(
            ConfigurationFile(path: path).complaints.map(\.description) == [
                "\(path): the configuration file is not UTF-8"
            ])
    }

    @Test func servletsAreReadInEveryForm() throws {
        let text = """
            servlets:
              echo: echo
              bot:
                exec: [python3, /srv/bot.py]
                framing: netstring
                processes: 7
                run-time: 1h
                output-limit: 1MiB
                grace: 2s
                directory: /srv
                environment: {LANG: C.UTF-8, EMPTY: ""}
              db: {connect: "tcp://127.0.0.1:5432", connect-timeout: 3s}
              pipe: unix:/run/x.sock
            """
        let file = ConfigurationFile(text: text, path: "F")
        #expect(file.complaints.isEmpty, "\(file.complaints)")
        let servlets = try #require(file.servlets).mapValues(\.specification)
        var program = ServletSpecification.Program(command: ["python3", "/srv/bot.py"])
        program.framing = .netstring
        program.processes = 7
        program.runTime = .hours(1)
        program.outputLimit = 1 << 20
        program.grace = .seconds(2)
        program.directory = "/srv"
        program.environment = ["LANG": "C.UTF-8", "EMPTY": ""]
        #expect(
            servlets == [
                "echo": .echo, "bot": .exec(program),
                "db": .connect(.init(address: "tcp://127.0.0.1:5432", connectTimeout: .seconds(3))),
                "pipe": .connect(.init(address: "unix:/run/x.sock")),
            ])
    }

    @Test func theDefaultsAreAFileWithNothingWrongAndNothingDifferent() throws {
        let file = ConfigurationFile(text: DefaultConfiguration.yaml, path: "F")
        #expect(file.complaints.isEmpty, "\(file.complaints)")
        #expect(file.servlets?.mapValues(\.specification) == ServletSpecification.standard)
        for setting in Setting.all {
            #expect((file.values[setting.path]?.map(\.text) ?? []) == setting.standard, "\(setting.path)")
        }
        // Each key is documented, and the examples that are commented out are right once they are not.
        let awake = DefaultConfiguration.yaml.split(separator: "\n").map { line -> Substring in
            guard let mark = line.firstIndex(of: "#"), line[..<mark].allSatisfy({ $0 == " " }) else { return line }
            let rest = line[line.index(after: mark)...].drop { $0 == "#" }
            let isKey =
                rest.contains(": ") && !rest.contains("(") && !rest.contains(". ") || rest.hasSuffix("bot:")
                || rest.hasSuffix("db:") || rest.hasSuffix("room:")
            return isKey ? Substring(line[..<mark] + rest.dropFirst()) : line
        }.joined(separator: "\n")
        let full = ConfigurationFile(text: awake, path: "F")
        #expect(full.complaints.isEmpty, "\(full.complaints)\n\(awake)")
        #expect(full.values["control"] != nil && full.values["loops"] != nil)
        #expect(full.servlets?.count == 6)
        #expect(full.servletAccess == ["room": .tokens("/etc/longwire/tokens")])
    }
}
