internal import Foundation
internal import NIOCore

/// Every value of a run: of each way and figure one a round, in the order of the rounds.
struct RunResult {
    var values: [String: [Figure: [Double]]] = [:]
    var ways: [EchoWay] = []
    /// The share of the processors that others took just before each round.
    var foreignLoad: [Double] = []

    func values(_ way: String, _ figure: Figure) -> [Double] { values[way]?[figure] ?? [] }

    func median(_ way: String, _ figure: Figure) -> Double? { values(way, figure).median }

    /// The median of what each round gave: how good `way` is beside `other`.
    func gain(_ way: String, over other: String, _ figure: Figure) -> Double? {
        zip(values(way, figure), values(other, figure)).map { figure.gain($0, over: $1) }.median
    }
}

extension [Double] {
    var median: Double? {
        guard !isEmpty else { return nil }
        let sorted = sorted()
        let half = count / 2
        return count % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
    }
}

/// Measures everything in turn, round by round, so that what the machine does meanwhile meets all alike.
struct Rounds {
    private let settings: BenchSettings
    private let ways: [EchoWay]
    private let loop: any EventLoop

    init(_ settings: BenchSettings, ways: [EchoWay], loop: any EventLoop) {
        self.settings = settings
        self.ways = ways
        self.loop = loop
    }

    func run() async throws -> RunResult {
        var result = RunResult()
        for way in ways {
            // What cannot be opened is said before anything is measured.
            do {
                _ = try await Measurement(way: way, figure: .roundTrip, seconds: 0.05).run(on: loop)
            } catch {
                throw BenchFailure("\(way.name): \(error)")
            }
            result.ways.append(way)
        }
        let count = result.ways.count * settings.figures.count * settings.rounds
        say(
            "\(result.ways.count) ways, \(settings.figures.count) figures, \(settings.rounds) rounds of \(settings.seconds) s: "
                + "about \(Int(Double(count) * settings.seconds * 1.3)) s")
        for round in 1...settings.rounds {
            let load = try await ForeignLoad.share(over: .milliseconds(500))
            result.foreignLoad.append(load)
            say("round \(round) of \(settings.rounds); others take \(Int(load * 100)) % of the processors")
            for figure in settings.figures {
                var words: [String] = []
                let cores = Cores(of: settings.processes)
                if figure == .oneCore { try cores.narrow() }
                defer { if figure == .oneCore { cores.widen() } }
                // Another one begins each time.
                let start = round % result.ways.count
                for way in result.ways[start...] + result.ways[..<start] {
                    let value = try await measured(way, figure)
                    result.values[way.name, default: [:]][figure, default: []].append(value)
                    words.append("\(way.name) \(value.short)")
                }
                say("  \(figure.rawValue) (\(figure.unit)): \(words.joined(separator: ", "))")
            }
        }
        return result
    }

    private func measured(_ way: EchoWay, _ figure: Figure) async throws -> Double {
        do {
            return try await Measurement(way: way, figure: figure, seconds: settings.seconds).run(on: loop)
        } catch {
            throw BenchFailure("\(way.name), \(figure.rawValue): \(error)")
        }
    }

    private func say(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}

extension Double {
    /// Three digits that count, or all before the point.
    var short: String {
        let digits = self >= 99.95 ? 0 : self >= 9.995 ? 1 : 2
        return String(format: "%.\(digits)f", self)
    }
}

/// What others do on this machine while the bench itself is idle.
enum ForeignLoad {
    static func share(over time: Duration) async throws -> Double {
        let before = read()
        try await Task.sleep(for: time)
        let after = read()
        let all = after.all - before.all
        return all > 0 ? Double(after.busy - before.busy) / Double(all) : 0
    }

    /// The first line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal.
    private static func read() -> (busy: Int, all: Int) {
        let text = (try? String(contentsOfFile: "/proc/stat", encoding: .utf8)) ?? ""
        let numbers = text.prefix { $0 != "\n" }.split(separator: " ").dropFirst().prefix(8).compactMap { Int($0) }
        guard numbers.count == 8 else { return (0, 0) }
        let all = numbers.reduce(0, +)
        return (all - numbers[3] - numbers[4], all)
    }
}
