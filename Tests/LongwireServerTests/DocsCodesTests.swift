import Foundation
import LongwireServer
import TestSupport
import Testing

/// The tables of codes in Docs are those of the code.
@Suite struct DocsCodesTests {
    /// The cells of the rows of a page's tables whose first cell is a number or begins with one.
    private static func rows(_ page: String) throws -> [[String]] {
        try String(contentsOfFile: Repository.path("Docs/\(page)"), encoding: .utf8)
            .split(separator: "\n").filter { $0.hasPrefix("| ") && $0.dropFirst(2).first?.isNumber == true }
            .map { row in
                row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            }
    }

    /// The names of the codes, as in Swift.
    private static let names: [(String, CloseCode)] = [
        ("done", .done), ("goingAway", .goingAway), ("protocolError", .protocolError), ("version", .version),
        ("unauthorized", .unauthorized), ("noSuchServlet", .noSuchServlet), ("noSuchSession", .noSuchSession),
        ("tooLarge", .tooLarge), ("overloaded", .overloaded), ("expired", .expired),
        ("internalError", .internalError), ("operatorEnded", .operatorEnded), ("peerGone", .peerGone),
    ]

    // R: D5
    @Test func theCodesOfTheProtocolAreThoseOfThePage() throws {
        let rows = try Self.rows("codes.md").filter { (Int($0[0]) ?? 1000) < 1000 }
        #expect(rows.count == Self.names.count)
        for (row, (name, code)) in zip(rows, Self.names) {
            #expect(row[0] == "\(code.rawValue)")
            #expect(row[1] == "`\(name)`")
            #expect(row[2] == code.description)
            #expect(row[3] == (code.isWorthComingBack ? "yes" : "no"))
        }
        // No code of the protocol is missing: the next has no words of its own.
        #expect(CloseCode(rawValue: UInt64(rows.count)).description == "code \(rows.count)")
    }

    // R: D5
    @Test func theProtocolNamesTheSameCodes() throws {
        for row in try Self.rows("protocol.md") {
            guard let number = UInt64(row[0]) else { continue }
            let code = CloseCode(rawValue: number)
            #expect(row[1] == code.description)
            #expect(row[2].hasPrefix(code.isWorthComingBack ? "yes" : "no"))
        }
    }

    // R: D5
    @Test func theCodesOfProgramsAreThoseOfThePage() throws {
        let rows = try Self.rows("codes.md").filter { (Int($0[0]) ?? 1000) >= 1000 }
        func row(_ name: String) -> String? { rows.first { $0[1] == "`\(name)`" }?[0] }
        #expect(row("ExecCode.exited(status)") == "\(ExecCode.exited(1)) to \(ExecCode.exited(255))".codes)
        #expect(row("ExecCode.killed(by: signal)") == "\(ExecCode.killed(by: 1)) to \(ExecCode.killed(by: 64))".codes)
        let single: [(String, CloseCode)] = [
            ("newlineInMessage", ExecCode.newlineInMessage), ("runTime", ExecCode.runTime),
            ("outputLimit", ExecCode.outputLimit), ("badOutput", ExecCode.badOutput),
            ("notStarted", ExecCode.notStarted),
        ]
        for (name, code) in single { #expect(row("ExecCode.\(name)") == "\(code.rawValue)") }
        #expect(rows.count == single.count + 2)
        #expect(ExecCode.exited(0) == .done)
    }
}

extension String {
    /// Numbers alone, of codes in words.
    fileprivate var codes: String { replacing("code ", with: "") }
}
