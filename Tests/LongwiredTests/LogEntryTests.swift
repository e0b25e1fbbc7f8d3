import Foundation
import Logging
import Testing

@testable import longwired

/// Lines of the log, whatever is in them.
@Suite struct LogEntryTests {
    private static let time = WallTime(seconds: 1_795_269_600, milliseconds: 7)

    private static func entry(_ message: String, _ metadata: Logger.Metadata = [:]) -> LogEntry {
        LogEntry(time: time, level: .notice, label: "longwired", message: message, metadata: metadata)
    }

    @Test func aLineHasTimeLevelProgramMessageAndFields() {
        let entry = Self.entry("draining", ["sessions": .stringConvertible(12), "signal": "SIGTERM", "why": "no room"])
        #expect(
            entry.text(isJournal: false)
                == "2026-11-21T14:00:00.007Z notice longwired: draining sessions=12 signal=SIGTERM why=\"no room\"\n")
        #expect(
            entry.text(isJournal: true) == "<5>longwired: draining sessions=12 signal=SIGTERM why=\"no room\"\n")
        #expect(
            entry.json
                == "{\"time\":\"2026-11-21T14:00:00.007Z\",\"level\":\"notice\",\"label\":\"longwired\","
                + "\"message\":\"draining\",\"sessions\":12,\"signal\":\"SIGTERM\",\"why\":\"no room\"}\n")
    }

    private static let evil = [
        "a\n<0>longwired: forged", "a\r\nb", "a\u{1b}[2Jb", "a\u{0}b", "a\u{85}b", "a\u{2028}b", "a\u{202e}b",
        "a\u{9b}31mb",
        "\" forged=\"yes", "x y=z", "\\", "\u{feff}", "\u{e0041}",
    ]

    @Test(arguments: evil) func nothingLeavesItsField(text: String) throws {
        for entry in [Self.entry(text), Self.entry("m", ["field": "\(text)"]), Self.entry("m", [text: "v"])] {
            for line in [entry.text(isJournal: false), entry.text(isJournal: true), entry.json] {
                #expect(line.last == "\n")
                let inner = line.unicodeScalars.dropLast()
                #expect(
                    !inner.contains { scalar in
                        [.control, .format, .lineSeparator, .paragraphSeparator].contains(
                            scalar.properties.generalCategory)
                    }, "\(line.debugDescription)")
            }
            let object = try JSONSerialization.jsonObject(with: Data(entry.json.utf8)) as? [String: Any]
            #expect(object?["level"] as? String == "notice")
            let texts = [object?["message"], object?["field"]].compactMap { $0 as? String }
            #expect(texts.contains(text) || object?[text] as? String == "v")
        }
        // A value with an end of its own stays one value.
        let line = Self.entry("m", ["field": "\(text)"]).text(isJournal: false)
        #expect(!line.contains(" forged=yes") && !line.contains(" y=z\n"))
    }

    @Test func fieldsDoNotTakeTheNamesOfOthersAndKeepTheirKind() throws {
        let entry = Self.entry(
            "m",
            [
                "level": "x", "time": "y", "number": .stringConvertible(1.5), "truth": .stringConvertible(true),
                "list": ["a", "b\n"], "map": ["k": .stringConvertible(2)],
            ])
        let object = try #require(try JSONSerialization.jsonObject(with: Data(entry.json.utf8)) as? [String: Any])
        #expect(object["level"] as? String == "notice" && object["metadata.level"] as? String == "x")
        #expect(object["number"] as? Double == 1.5 && object["truth"] as? Bool == true)
        #expect(object["list"] as? [String] == ["a", "b\n"])
        #expect((object["map"] as? [String: Int]) == ["k": 2])
    }

    @Test func theJournalIsKnownByItsDescriptor() {
        var status = stat()
        #expect(fstat(0, &status) == 0)
        #expect(LogOutput.isJournal(0, stream: "\(status.st_dev):\(status.st_ino)"))
        #expect(!LogOutput.isJournal(0, stream: "\(status.st_dev):\(status.st_ino + 1)"))
        #expect(!LogOutput.isJournal(0, stream: nil))
    }
}
