import Foundation
import LongwireClient
import TestSupport
import Testing

@testable import LongwireServer

/// What a chat remembers, and who gets it.
@Suite(.timeLimit(.minutes(1))) struct ChatHistoryTests {
    private func hello(_ session: Session) async throws -> [String: Any] {
        let text = try #require(try await session.nextText())
        return try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    private func texts(_ hello: [String: Any]) -> [String] {
        (hello["messages"] as? [[String: Any]] ?? []).compactMap { $0["text"] as? String }
    }

    // R: D12
    @Test func whoWasAwayGetsJustWhatItMissedAlsoAfterTheServerStartedAnew() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("room.chat")
        let first = try await TestServer(["room": .inline(try ChatServlet(history: path))])
        let ada = try await first.connect("room?name=Ada&room=one&format=json")
        let start = try await hello(ada)
        #expect(start["type"] as? String == "hello" && start["name"] as? String == "Ada")
        #expect(texts(start).isEmpty)
        let epoch = try #require(start["epoch"] as? String)
        let odd = "tab\t, line\n, return\r, back\\slash, \"quote\", \u{1}, €"
        for words in ["1", "2", odd] { try await ada.send(words) }
        var heard: [String] = []
        while heard.count < 3, let text = try await ada.nextText() {
            let event = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
            if let words = event?["text"] as? String { heard.append(words) }
        }
        #expect(heard == ["1", "2", odd])
        await ada.close()
        try await first.stop()

        let second = try await TestServer(["room": .inline(try ChatServlet(history: path))])
        let back = try await second.connect("room?name=Ada&room=one&format=json&since=\(epoch).1")
        let missed = try await hello(back)
        #expect(missed["epoch"] as? String == epoch && missed["isComplete"] as? Bool == true)
        #expect(texts(missed) == ["2", odd])
        await back.close()
        for since in ["other.1", "\(epoch).99", "\(epoch).x", "1"] {
            let stranger = try await second.connect("room?room=one&format=json&since=\(since)")
            let all = try await hello(stranger)
            #expect(texts(all) == ["1", "2", odd] && all["isComplete"] as? Bool == false, "\(since)")
            await stranger.close()
        }
        let elsewhere = try await second.connect("room?room=two&format=json&since=\(epoch).1")
        #expect(texts(try await hello(elsewhere)).isEmpty)
        await elsewhere.close()
        try await second.stop()
    }

    @Test func aRoomIsBoundedInNumberAndBytesAndKnowsThatItForgot() {
        var history = ChatHistory(limit: 3)
        for number in 1...5 { _ = history.append("\(number)", name: "a", from: "m", room: "r", time: 0) }
        #expect(history.room("r").after(2).entries.map(\.text) == ["3", "4", "5"])
        #expect(history.room("r").after(2).isComplete)
        #expect(!history.room("r").after(1).isComplete)
        let long = String(repeating: "x", count: 40 * 1024)
        for _ in 1...2 { _ = history.append(long, name: "a", from: "m", room: "r", time: 0) }
        #expect(history.room("r").entries.count == 1)
        _ = history.append(long + long, name: "a", from: "m", room: "r", time: 0)
        #expect(history.room("r").entries.isEmpty && !history.room("r").after(6).isComplete)
        #expect(history.room("r").after(8).isComplete)
        history.remove("r")
        #expect(history.room("r").after(8).isComplete)
    }

    @Test func aHistoryReadsBackWhatItWroteAndLeavesOutALineThatWasCutOff() throws {
        var history = ChatHistory(limit: 2)
        for number in 1...6 {
            _ = history.append("t\(number)\n", name: "n\t", from: "m", room: number % 2 == 0 ? "a" : "b", time: 5)
        }
        var text = history.lines.joined(separator: "\n")
        let read = try #require(ChatHistory(lines: text.split(separator: "\n"), limit: 2))
        #expect(read.lines == history.lines && read.rooms == history.rooms)
        let more = history.append("late", name: "n", from: "m", room: "a", time: 6)
        text += "\n" + ChatHistory.line(more, room: "a").dropLast(30)
        #expect(ChatHistory(lines: text.split(separator: "\n"), limit: 2)?.rooms == read.rooms)
    }

    @Test func aFileThatIsNoHistoryIsLeftAloneWithASentence() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("[Unit]\nDescription=something else\n", to: "other")
        #expect { try ChatServlet(history: path) } throws: { "\($0)".contains("is not the history of a chat") }
        #expect(folder.read("other").hasPrefix("[Unit]"))
        #expect { try ChatServlet(history: folder.path("no/such/folder")) } throws: {
            "\($0)".contains("cannot be opened for the history of a chat: No such file or directory")
        }
    }

    @Test func noMoreThanSoManyRoomsThatNobodyIsInAreKeptHoweverManyAreSilent() {
        var history = ChatHistory(limit: 10)
        // Rooms in which nobody says anything count for none that are kept.
        for number in 0..<3_000 { history.entered("silent \(number)") }
        for number in 0..<3_000 {
            history.entered("\(number)")
            _ = history.append("hello", name: "ada", from: "1", room: "\(number)", time: 0)
            history.left("\(number)")
        }
        #expect(history.rooms.count == ChatHistory.emptyRooms)
        for number in 0..<3_000 { history.left("silent \(number)") }
        // Whoever is in one keeps it.
        history.entered("0")
        _ = history.append("still here", name: "ada", from: "1", room: "new", time: 0)
        history.left("1")
        #expect(history.rooms["0"] != nil && history.rooms["new"] != nil)
        #expect(history.rooms.count <= ChatHistory.emptyRooms + 2)
    }
}
