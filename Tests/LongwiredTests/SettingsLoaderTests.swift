import ArgumentParser
import Foundation
import NIOCore
import TestSupport
import Testing

@testable import longwired

/// Flags, environment, file and defaults, and which of them counts.
@Suite struct SettingsLoaderTests {
    /// A value for each key that differs from its default, and from one more.
    private static func values(_ setting: Setting) -> (String, String, String) {
        switch setting.path {
        case "mount": ("/one", "/two", "/three")
        case "listen.fastcgi", "listen.http", "listen.https", "listen.tcp":
            ("127.0.0.1:1001", "127.0.0.1:1002", "127.0.0.1:1003")
        case "session.heartbeat-mode": ("interval", "silence", "interval")
        case "session.checksum": ("no", "yes", "no")
        case "session.requests": ("3", "4", "5")
        case "access.rule": ("tokens:/one", "web-server", "certificate")
        case "access.trusted-proxies": ("10.0.0.1", "10.0.0.0/8", "unix")
        case "access.forwarded": ("forwarded", "x-forwarded-for", "forwarded")
        case "log.level": ("debug", "info", "error")
        case "log.format": ("json", "text", "json")
        case "origins": ("https://one.example", "https://two.example", "https://three.example")
        case "control": ("/c/one", "/c/two", "/c/three")
        default:
            switch setting.unit {
            case "time": ("7s", "8s", "9s")
            case "bytes": ("2MiB", "3MiB", "4MiB")
            default: ("11", "12", "13")
            }
        }
    }

    private static func yaml(_ setting: Setting, _ text: String) -> String {
        setting.section.isEmpty
            ? "\(setting.name): \"\(text)\"\n" : "\(setting.section): {\(setting.name): \"\(text)\"}\n"
    }

    @Test(arguments: Setting.all.map(\.path))
    func aFlagIsStrongerThanTheEnvironmentAndThatThanTheFile(path: String) throws {
        let setting = try #require(Setting.at(path))
        let folder = try TemporaryFolder()
        let (inFile, inEnvironment, inFlag) = Self.values(setting)
        var loader = SettingsLoader(file: try folder.write(Self.yaml(setting, inFile), to: "f.yaml"))
        func shown() -> [String] {
            let result = loader.load()
            #expect(result.complaints.isEmpty, "\(result.complaints)")
            return setting.show(result.settings)
        }
        #expect(shown() == [inFile])
        #expect(loader.load().settings.origins[path]?.description.hasPrefix(folder.path("f.yaml:1:")) == true)
        loader.environment = [setting.variable: ""]
        #expect(shown() == [inFile], "an empty variable counts as none")
        loader.environment = [setting.variable: inEnvironment]
        #expect(shown() == [inEnvironment])
        loader.flags = [setting.flag: [inFlag]]
        #expect(shown() == [inFlag])
        #expect(loader.load().settings.origins[path] == .flag("--\(setting.flag)"))
        #expect(setting.show(SettingsLoader().load().settings) == setting.standard)
    }

    @Test func everyKeyHasAFlagThatIsReallyRead() throws {
        for setting in Setting.all {
            let text = Self.values(setting).2
            let options = try ServeOptions.parse(["--\(setting.flag)", text])
            #expect(options.loader(try ConfigOption.parse([])).flags[setting.flag] == [text], "--\(setting.flag)")
        }
    }

    @Test func servletsOfAStrongerPlaceReplaceAllOthers() throws {
        let folder = try TemporaryFolder()
        var loader = SettingsLoader(file: try folder.write("servlets: {a: echo, b: chat}\n", to: "f.yaml"))
        #expect(loader.load().settings.servlets == ["a": .echo, "b": .chat(history: nil)])
        loader.environment = ["LONGWIRE_SERVLETS": "c=clock; echo ;d=chat"]
        #expect(loader.load().settings.servlets == ["c": .clock, "echo": .echo, "d": .chat(history: nil)])
        loader.flags = ["servlet": ["e=echo"]]
        #expect(loader.load().settings.servlets == ["e": .echo])
        #expect(loader.load().settings.origins["servlets.e"] == .flag("--servlet"))
        #expect(SettingsLoader().load().settings.servlets == ServletSpecification.standard)
    }

    @Test func valuesThatCannotBeAreToldAtTheirPlace() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(
            """
            mount: talk
            listen:
              http: ["127.0.0.1:1", "8080"]
              fastcgi: nowhere
            session:
              heartbeat: 1ms
              window: 100
              message-limit: 99999999999999999999KiB
              allowance-writes: 3
            limits: {sessions: 0}
            loops: 4000
            log: {level: loud}
            servlets: {../x: echo}
            """, to: "f.yaml")
        let loader = SettingsLoader(
            flags: ["drain-limit": ["soon"]], environment: ["LONGWIRE_LOG_FORMAT": "xml"], file: path)
        let found = loader.load().complaints.map(\.description)
        let expected = [
            (":1:8: ", "begin with a slash"), (":3:25: ", "write HOST:PORT"), (":4:12: ", "write host:port"),
            (":6:14: ", "the heartbeat must be at least 10 ms"), (":7:11: ", "it must hold one frame"),
            (":8:18: ", "is no size"), (":9:21: ", "at least 8"), (":10:20: ", "from 1 to 10000000"),
            (":11:8: ", "from 1 to 1024"), (":12:14: ", "not one of trace, debug, info"),
            (":13:12: ", "cannot be a servlet's name"),
        ]
        for (place, sentence) in expected {
            #expect(
                found.contains { $0.hasPrefix(path + place) && $0.contains(sentence) },
                "\(place) \(found.joined(separator: "\n"))")
        }
        #expect(found.contains("LONGWIRE_LOG_FORMAT: \"xml\" is not one of text, json"))
        #expect(found.contains { $0.hasPrefix("--drain-limit soon: \"soon\" is no time; write a whole number") })
        #expect(found.count == expected.count + 2)
    }

    @Test func aVariableThatIsNoneOfOursIsNamed() {
        let loader = SettingsLoader(environment: ["LONGWIRE_MOUNTS": "/x", "LONGWIRE_CI": "1", "PATH": "/bin"])
        let result = loader.load()
        #expect(result.complaints.isEmpty)
        #expect(
            result.warnings.map(\.description) == [
                "LONGWIRE_CI: longwired has no such variable",
                "LONGWIRE_MOUNTS: longwired has no such variable; did you mean LONGWIRE_MOUNT?",
            ])
    }

    @Test func timesAndSizesAreWrittenAsTheyAreRead() {
        for text in ["0s", "500ms", "15s", "90s", "10m", "1h"] {
            #expect(SettingValue.time(text).map(SettingValue.written) == (text == "90s" ? "90s" : text))
        }
        for (text, size) in [
            ("0", 0), ("1", 1), ("1000", 1000), ("64KiB", 65_536), ("3 MiB", 3 << 20), ("2GiB", 2 << 30),
        ] {
            #expect(SettingValue.size(text) == size)
            #expect(SettingValue.size(SettingValue.written(size: size)) == size)
        }
        for text in ["", "-1", "1.5", "KiB", "1 kB", "1KB", "9999999999999999999", "9999999999GiB", "1e3", "٣"] {
            #expect(SettingValue.size(text) == nil, "\(text)")
        }
        for text in ["", "5", "s", "-1s", "1.5s", "9999999999s", "5 s"] { #expect(SettingValue.time(text) == nil) }
    }

    @Test func theReferenceSaysWhatTheProgramSays() throws {
        let text = try String(contentsOfFile: Repository.path("Docs/configuration.md"), encoding: .utf8)
        for line in DefaultConfiguration.markdown.split(separator: "\n") {
            #expect(text.contains(line), "run `longwired default-config --markdown` and put it in: \(line)")
        }
    }
}
