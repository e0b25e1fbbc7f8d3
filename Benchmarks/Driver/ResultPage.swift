internal import Foundation

/// The result as a page.
struct ResultPage {
    private let settings: BenchSettings
    private let result: RunResult

    init(_ settings: BenchSettings, _ result: RunResult) {
        self.settings = settings
        self.result = result
    }

    var text: String {
        var lines = ["# Transports, measured", "", facts, ""]
        lines += table + [""]
        lines += comparisons
        lines += ["", Self.reading]
        return lines.joined(separator: "\n") + "\n"
    }

    private var facts: String {
        let load = (result.foreignLoad.median ?? 0) * 100
        return """
            \(settings.text("note") ?? "Without a note."). Medians of \(settings.rounds) rounds of \
            \(settings.seconds.short) s, all ways in turn in each. Other programs took \(Int(load)) % of the processors \
            meanwhile (median; from \(Int((result.foreignLoad.min() ?? 0) * 100)) to \
            \(Int((result.foreignLoad.max() ?? 0) * 100)) %).
            """
    }

    private var table: [String] {
        let columns = ["way", ""] + Figure.allCases.flatMap { [$0.title, "of TCP"] }
        var rows = [
            "| " + columns.joined(separator: " | ") + " |",
            "|---|---|" + String(repeating: "---:|", count: columns.count - 2),
        ]
        for way in result.ways {
            var cells = [way.name, way.about]
            for figure in Figure.allCases {
                cells.append(result.median(way.name, figure).map { "\($0.short) \(figure.unit)" } ?? "–")
                let gain = result.gain(way.name, over: Ways.base, figure)
                cells.append(gain.map { (figure.isTime ? 1 / $0 : $0).short } ?? "–")
            }
            rows.append("| " + cells.joined(separator: " | ") + " |")
        }
        return rows
    }

    private var comparisons: [String] {
        [("stream", "Go events"), ("poll", "engine.io")].compactMap { own, peer in
            let gains = Figure.allCases.compactMap { result.gain(own, over: peer, $0) }
            guard gains.count == Figure.allCases.count else { return nil }
            let words = zip(Figure.allCases, gains).map { "\($0.title) \($1.short)" }
            let verdict = gains.allSatisfy { $0 >= 1 } ? "ahead" : gains.allSatisfy { $0 < 1 } ? "behind" : "mixed"
            return "- `\(own)` against \(peer), times as good: \(words.joined(separator: ", ")): **\(verdict)**."
        }
    }

    private static let reading = """
        How to read it: `make bench` made this page. Every way is an echo, behind the same nginx where nothing else is \
        said, and one driver measures all of them; each message must come back as it was sent, once and in order. \
        *Round trip*: half of them took less, one session with one message of 64 bytes under way; first as the system \
        spreads driver, nginx and servers over the processors, where much of it is waking them, then with all of them \
        on one core, which shows what the work itself takes. *64-byte messages*: there and back in a second, 8 sessions with 128 under way each. *16-KiB messages*: one session with 16 under \
        way. What waits goes together, for us as for the peers: their clients send everything that waited in one POST, \
        and their servers everything that came in one write. *Of TCP* compares with plain TCP through the same nginx \
        (module stream): times for the round trip, less is better; rates for the rest, more is better. Driver, nginx \
        and servers share the processors.
        """
}
