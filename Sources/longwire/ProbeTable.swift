internal import LongwireClient
internal import NIOCore

/// What a probe found, for people: at most 80 columns.
struct ProbeTable {
    let text: String

    private static let width = 80
    private static let columns = [10, 6, 10, 10]
    private static var indent: Int { columns.reduce(0) { $0 + $1 + 1 } }

    init(_ report: PathReport) {
        var lines = Self.wrapped(report.url, indent: 0)
        var way = ["TLS: \(report.tls ?? "none")"]
        way.append("proxy: " + (report.proxy.map { $0 + (report.isTunnel ? " (tunnel)" : "") } ?? "none"))
        if report.isHTTP10 { way.append("answers are HTTP/1.0") }
        lines += Self.wrapped("  " + way.joined(separator: ", "), indent: 2)
        for name in report.seen { lines += Self.wrapped("  " + name, indent: 4) }
        lines.append("")
        lines.append(Self.row(["transport", "works", "opened in", "round trip"], "remark"))
        for line in report.lines {
            lines += Self.wrapped(
                Self.row(
                    [
                        "\(line.transport)", line.failure == nil ? "yes" : "no", Self.time(line.timeToOpen),
                        Self.time(line.roundTrip),
                    ], Self.remark(line, watched: report.watched)),
                indent: Self.indent)
        }
        lines.append("")
        let choice =
            report.chosen.map { "A session would use \($0), open after \(Self.time(report.timeToChoose))" }
            ?? "No session opens"
        lines += Self.wrapped("\(choice): \(report.reason).", indent: 0)
        text = lines.joined(separator: "\n") + "\n"
    }

    private static func remark(_ line: PathReport.Line, watched: TimeAmount) -> String {
        if let failure = line.failure { return failure }
        if let cut = line.cut {
            return (line.needsLength ? "with a declared length; " : "") + "cut after \(time(cut.after)): \(cut.reason)"
        }
        let remarks = [
            line.needsLength ? "with a declared length" : nil, watched > .zero ? "not cut in \(time(watched))" : nil,
        ]
        return remarks.compactMap(\.self).joined(separator: "; ")
    }

    private static func row(_ cells: [String], _ remark: String) -> String {
        var row = ""
        for (cell, width) in zip(cells, columns) {
            row += cell + String(repeating: " ", count: max(width - cell.count, 0) + 1)
        }
        return row + remark
    }

    /// A time with three digits that say something.
    static func time(_ amount: TimeAmount?) -> String {
        guard let amount else { return "-" }
        let milliseconds = Double(amount.nanoseconds) / 1_000_000
        func shown(_ value: Double, _ unit: String) -> String {
            let digits = value < 10 ? 2 : value < 100 ? 1 : 0
            var scale = 1.0
            for _ in 0..<digits { scale *= 10 }
            let rounded = (value * scale).rounded() / scale
            return digits == 0 ? "\(Int(rounded)) \(unit)" : "\(rounded) \(unit)"
        }
        return milliseconds < 1000 ? shown(milliseconds, "ms") : shown(milliseconds / 1000, "s")
    }

    /// Lines of at most 80 columns, of which the later ones are indented.
    ///
    /// Nothing in them moves a terminal's cursor.
    private static func wrapped(_ text: String, indent: Int) -> [String] {
        var lines: [String] = []
        var rest = Printable.line(text)[...]
        while rest.count > width {
            let limit = rest.index(rest.startIndex, offsetBy: width)
            var end = limit
            if let space = rest[..<limit].lastIndex(of: " "),
                rest.distance(from: rest.startIndex, to: space) > indent
            {
                end = space
            }
            lines.append(trimmed(rest[..<end]))
            rest = (String(repeating: " ", count: indent) + rest[end...].drop { $0 == " " })[...]
        }
        return lines + [trimmed(rest)]
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
