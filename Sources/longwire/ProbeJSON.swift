internal import Foundation
internal import LongwireClient
internal import NIOCore

/// What a probe found, for programs: one line of JSON (Docs/probe.md).
struct ProbeJSON {
    private struct Report: Encodable {
        struct Cut: Encodable {
            var after: Double
            var reason: String
        }
        struct Line: Encodable {
            var transport: String
            var works: Bool
            var needsLength: Bool
            var reason: String?
            var open: Double?
            var roundTrip: Double?
            var cut: Cut?
        }
        var url: String
        var proxy: String?
        var tunnel: Bool
        var tls: String?
        var http10: Bool
        var seen: [String]
        var transports: [Line]
        var chosen: String?
        var choosing: Double?
        var reason: String
        var watched: Double?
    }

    /// One line, with its line feed.
    let text: String

    init(_ report: PathReport) throws {
        /// Times are seconds.
        func seconds(_ time: TimeAmount) -> Double { Double(time.nanoseconds / 1000) / 1_000_000 }
        let lines = report.lines.map { line in
            Report.Line(
                transport: "\(line.transport)", works: line.failure == nil,
                needsLength: line.needsLength, reason: line.failure,
                open: line.timeToOpen.map(seconds), roundTrip: line.roundTrip.map(seconds),
                cut: line.cut.map { Report.Cut(after: seconds($0.after), reason: $0.reason) })
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        let data = try encoder.encode(
            Report(
                url: report.url, proxy: report.proxy, tunnel: report.isTunnel, tls: report.tls,
                http10: report.isHTTP10, seen: report.seen, transports: lines, chosen: report.chosen.map { "\($0)" },
                choosing: report.timeToChoose.map(seconds), reason: report.reason,
                watched: report.watched > .zero ? seconds(report.watched) : nil))
        text = String(decoding: data, as: UTF8.self) + "\n"
    }
}
