import LongwireProtocol
import NIOCore
import Testing

@testable import LongwireTransport

/// Learning what cuts idle lines.
struct IdleCutsTests {
    private static func cuts(interval: TimeAmount? = nil, _ ends: [(PathEnd, Int64, Int64)]) -> [TimeAmount?] {
        var cuts = IdleCuts(interval: interval)
        return ends.map { end, unanswered, outlived in
            let isNew = cuts.lineEnded(
                end, unanswered: .milliseconds(unanswered), outlived: .milliseconds(outlived), heartbeat: .seconds(15))
            return isNew ? cuts.interval : nil
        }
    }

    // R: C4
    @Test("Two lines in a row that are cut at the same silence make something go at half of it")
    func cutsAtTheSameSilence() {
        #expect(Self.cuts([(.cut, 10_000, 0), (.cut, 10_300, 0)]) == [nil, .milliseconds(5_150)])
    }

    @Test("Lines that end at any silence, in the middle of traffic, or for another reason teach nothing")
    func others() {
        #expect(Self.cuts([3, 9, 2, 14, 5, 8].map { (.cut, $0 * 1_000, 0) }).allSatisfy { $0 == nil })
        #expect(Self.cuts((0..<5).map { _ in (.cut, 300, 0) }).allSatisfy { $0 == nil })
        let ends: [PathEnd] = [.replaced, .ended, .refused, .unreadable, .notOpened]
        #expect(Self.cuts(ends.flatMap { [($0, 9_000, 0), ($0, 9_000, 0)] }).allSatisfy { $0 == nil })
        // One in the middle of traffic parts two that were alike.
        #expect(Self.cuts([(.cut, 4_000, 0), (.cut, 0, 0), (.cut, 4_000, 0)]).allSatisfy { $0 == nil })
    }

    @Test("A line that outlived as long a silence was not cut for it")
    func outlived() {
        #expect(Self.cuts((0..<4).map { _ in (.cut, 10_000, 14_000) }).allSatisfy { $0 == nil })
        #expect(Self.cuts((0..<4).map { _ in (.silent, 15_000, 15_000) }).allSatisfy { $0 == nil })
    }

    @Test("Lines that fall silent again and again halve the time, to an eighth of the heartbeat and not below")
    func silences() {
        let found = Self.cuts((0..<12).map { _ in (.silent, 37_500, 0) }).compactMap { $0 }
        #expect(found == [.milliseconds(7_500), .milliseconds(3_750), .milliseconds(1_875)])
    }

    @Test("A time that is still too long is shortened further, and never made longer")
    func again() {
        #expect(
            Self.cuts(interval: .seconds(6), [(.cut, 5_000, 0), (.cut, 5_000, 0)]) == [nil, .milliseconds(2_500)])
        #expect(Self.cuts(interval: .seconds(6), [(.cut, 12_000, 0), (.cut, 12_000, 0)]) == [nil, nil])
    }
}
