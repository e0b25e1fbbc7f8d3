internal import Foundation
internal import LongwireClient
internal import NIOCore
internal import NIOPosix

/// Measures round trips and throughput of every transport and of its peers; `scripts/bench` starts it with everything
/// that it talks to.
@main
enum Bench {
    static func main() async {
        var words = CommandLine.arguments.dropFirst()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do {
            switch words.popFirst() {
            case "echo":
                guard let port = words.first.flatMap({ Int($0) }) else { throw BenchFailure("echo PORT") }
                try await TCPEcho.serve(port: port, on: group)
            case "serve":
                guard !words.isEmpty else { throw BenchFailure("serve ADDRESS…") }
                try await BenchServer.serve(at: Array(words), on: group)
            case "run":
                let settings = try BenchSettings(Array(words))
                let ways = Ways(settings, longwire: Longwire(group: group)).all
                let result = try await Rounds(settings, ways: ways, loop: group.next()).run()
                let text = ResultPage(settings, result).text
                if let output = settings.output {
                    try text.write(toFile: output, atomically: true, encoding: .utf8)
                }
                print("\n" + text)
            default: throw BenchFailure("usage: longwire-bench run KEY=VALUE … | echo PORT | serve ADDRESS…")
            }
        } catch {
            FileHandle.standardError.write(Data("longwire-bench: \(error)\n".utf8))
            exit(1)
        }
    }
}

/// What the script says: `KEY=VALUE`, a port or another number each.
struct BenchSettings: Sendable {
    private let values: [String: String]

    init(_ words: [String]) throws {
        values = Dictionary(
            try words.map { word in
                guard let sign = word.firstIndex(of: "=") else { throw BenchFailure("\(word): write KEY=VALUE") }
                return (String(word[..<sign]), String(word[word.index(after: sign)...]))
            }, uniquingKeysWith: { $1 })
    }

    func text(_ key: String) -> String? { values[key] }
    func port(_ key: String) -> Int? { values[key].flatMap { Int($0) } }
    var rounds: Int { values["rounds"].flatMap { Int($0) } ?? 5 }
    var seconds: Double { values["seconds"].flatMap { Double($0) } ?? 1 }
    /// Only ways whose name holds this.
    var only: [String]? { values["only"].map { $0.split(separator: ",").map(String.init) } }
    /// What is measured, where not everything is.
    var figures: [Figure] {
        let all = Figure.allCases
        return values["figures"].map { text in all.filter { text.contains($0.rawValue) } } ?? all
    }
    /// The processes that take part, besides this one and their children.
    var processes: [Int] { values["processes"].map { $0.split(separator: ",").compactMap { Int($0) } } ?? [] }
    var output: String? { values["output"] }
}
