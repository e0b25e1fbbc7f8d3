import NIOCore
import Testing

@testable import LongwireProtocol

private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

@Suite("Allowance")
struct AllowanceTests {
    @Test("Never more unread than allowed; control frames have a part of their own")
    func bytes() {
        let allowance = Allowance(AllowanceLimit(bytes: 1000, pieces: 0), isIgnored: false)
        #expect(allowance.dataBytes == 744)
        allowance.wrote(744)
        #expect(allowance.dataBytes == 0)
        #expect(allowance.controlBytes == 256)
        allowance.wrote(256)
        #expect(allowance.controlBytes == 0)
        #expect(allowance.read(total: 500) == true)
        #expect(allowance.unread == 500)
        #expect(allowance.dataBytes == 244)
    }

    @Test("A piece is free once its end was read")
    func pieces() {
        let allowance = Allowance(AllowanceLimit(bytes: 100_000, pieces: 8), isIgnored: false)
        for _ in 0..<4 { allowance.wrote(10) }
        #expect(allowance.dataBytes == 0)
        #expect(allowance.controlBytes > 0)
        #expect(allowance.read(total: 9) == true)
        #expect(allowance.dataBytes == 0)
        #expect(allowance.read(total: 10) == true)
        #expect(allowance.dataBytes > 0)
    }

    @Test("A piece less is worth bytes more, whatever a server says it is worth")
    func worth() {
        let limit = AllowanceLimit(granting: 64 * 1024, pieces: 64)
        #expect(limit.pieceWorth == 640)
        let allowance = Allowance(limit, isIgnored: false)
        // One is asked for, and four are kept.
        #expect(allowance.dataBytes == 64 * 1024 + 59 * 640 - 256)
        allowance.wrote(1000)
        #expect(allowance.dataBytes == 64 * 1024 + 58 * 640 - 1256)
        for _ in 1..<59 { allowance.wrote(1000) }
        #expect(allowance.dataBytes == 64 * 1024 - 59_256)
        allowance.wrote(1000)
        #expect(allowance.dataBytes == 0)
        #expect(AllowanceLimit(granting: 64 * 1024, pieces: 0).pieceWorth == 0)
        let most = AllowanceLimit(bytes: VarInt.maximum, pieces: VarInt.maximum, pieceWorth: .max)
        #expect(Allowance(most, isIgnored: false).dataBytes > 1 << 60)
    }

    @Test("What was read only grows, and is never more than was written")
    func reads() {
        let allowance = Allowance(AllowanceLimit(bytes: 1000, pieces: 8), isIgnored: false)
        allowance.wrote(100)
        #expect(allowance.read(total: 50) == true)
        #expect(allowance.read(total: 40) == false)
        #expect(allowance.unread == 50)
        #expect(allowance.read(total: 101) == nil)
        #expect(allowance.read(total: VarInt.maximum) == nil)
    }
}

@Suite("AckSchedule")
struct AckScheduleTests {
    private func schedule(window: Int = 100_000) -> AckSchedule {
        AckSchedule(delay: .milliseconds(20), window: window, heartbeat: .seconds(15))
    }

    @Test("One frame waits 20 ms; 32 frames or 32 KiB do not wait")
    func frames() {
        var acks = schedule()
        acks.numberedFrame(cost: 65, now: start)
        #expect(acks.dueAt == start + .milliseconds(20))
        for _ in 0..<31 {
            #expect(acks.isDue(start) == false)
            acks.numberedFrame(cost: 65, now: start)
        }
        #expect(acks.isDue(start) == true)
        acks.sent(limit: 0)
        #expect(acks.dueAt == nil)
        acks.numberedFrame(cost: 32 * 1024, now: start)
        #expect(acks.isDue(start) == true)
    }

    @Test("The first of many frames sets the time")
    func first() {
        var acks = schedule()
        acks.numberedFrame(cost: 65, now: start)
        acks.numberedFrame(cost: 65, now: start + .milliseconds(15))
        #expect(acks.dueAt == start + .milliseconds(20))
    }

    @Test("One that nothing rode with is the last for 25 delays, but for what is urgent")
    func alone() {
        var acks = schedule()
        acks.numberedFrame(cost: 65, now: start)
        acks.sent(limit: 0, alone: start + .milliseconds(20))
        acks.numberedFrame(cost: 65, now: start + .milliseconds(30))
        #expect(acks.dueAt == start + .milliseconds(520))
        acks.sent(limit: 0)
        acks.numberedFrame(cost: 65, now: start + .milliseconds(510))
        #expect(acks.dueAt == start + .milliseconds(530))
        acks.sent(limit: 0, alone: start + .milliseconds(530))
        acks.numberedFrame(cost: 32 * 1024, now: start + .milliseconds(531))
        #expect(acks.isDue(start + .milliseconds(531)) == true)
    }

    @Test("A distance is 500 ms at most, and none where somebody has little room")
    func distance() {
        var acks = AckSchedule(delay: .milliseconds(100), window: 100_000, heartbeat: .seconds(15))
        acks.numberedFrame(cost: 65, now: start)
        acks.sent(limit: 0, alone: start + .milliseconds(100))
        acks.numberedFrame(cost: 65, now: start + .milliseconds(110))
        #expect(acks.dueAt == start + .milliseconds(600))
        acks.sent(limit: 0, alone: start + .milliseconds(600))
        acks.keepNoDistance()
        acks.numberedFrame(cost: 65, now: start + .milliseconds(601))
        #expect(acks.dueAt == start + .milliseconds(701))
    }

    @Test("A distance is a tenth of the heartbeat at most")
    func heartbeat() {
        var acks = schedule()
        acks.keepDistance(within: .seconds(2))
        acks.numberedFrame(cost: 65, now: start)
        acks.sent(limit: 0, alone: start + .milliseconds(20))
        acks.numberedFrame(cost: 65, now: start + .milliseconds(30))
        #expect(acks.dueAt == start + .milliseconds(220))
        acks.keepDistance(within: .seconds(20))
        acks.sent(limit: 0, alone: start + .milliseconds(220))
        acks.numberedFrame(cost: 65, now: start + .milliseconds(230))
        #expect(acks.dueAt == start + .milliseconds(420), "the shorter one counts")
    }

    @Test("A quarter of the window that came back is told at once, less within the delay, nothing never")
    func credit() {
        var acks = schedule(window: 1000)
        acks.creditReturned(limit: 1000, now: start)
        #expect(acks.dueAt == nil)
        acks.creditReturned(limit: 1100, now: start)
        #expect(acks.dueAt == start + .milliseconds(20))
        acks.creditReturned(limit: 1250, now: start)
        #expect(acks.isDue(start) == true)
    }
}

@Suite("RoundTrip")
struct RoundTripTests {
    @Test("At least 32 KiB may be under way, and at most the window")
    func limits() {
        var roundTrip = RoundTrip()
        #expect(roundTrip.inFlightLimit(window: 1_000_000) == 32 * 1024)
        roundTrip.sent(1, costCovered: 0, now: start)
        roundTrip.covered(1, costCovered: 200_000, now: start + .milliseconds(100))
        #expect(roundTrip.smoothed == .milliseconds(100))
        #expect(roundTrip.rate == 2_000_000)
        #expect(roundTrip.inFlightLimit(window: 10_000_000) == 1_200_000)
        #expect(roundTrip.inFlightLimit(window: 100_000) == 100_000)
    }

    @Test("What was under way on another path measures nothing")
    func pathChange() {
        var roundTrip = RoundTrip()
        roundTrip.sent(1, costCovered: 0, now: start)
        roundTrip.repeated()
        roundTrip.covered(1, costCovered: 100, now: start + .seconds(50))
        #expect(roundTrip.smoothed == nil)
    }

    @Test("No figures overflow")
    func overflow() {
        var roundTrip = RoundTrip()
        roundTrip.sent(1, costCovered: 0, now: start)
        roundTrip.covered(1, costCovered: VarInt.maximum, now: start)
        #expect(roundTrip.inFlightLimit(window: VarInt.maximum) <= VarInt.maximum)
    }
}

@Suite("FlightLedger")
struct FlightLedgerTests {
    // R: B2
    @Test("What a transaction carried goes again after the repeat time, which doubles without progress")
    func repeatTime() {
        var ledger = FlightLedger()
        ledger.sent(1, range: 1...3, now: start)
        #expect(ledger.nextRepeat(smoothed: nil, hold: .zero) == start + .seconds(1))
        #expect(ledger.takeOverdue(smoothed: nil, hold: .zero, now: start + .milliseconds(999)).isAny == false)
        #expect(ledger.takeOverdue(smoothed: nil, hold: .zero, now: start + .seconds(1)).ranges == [1...3])
        ledger.sent(2, range: 1...3, now: start)
        #expect(ledger.nextRepeat(smoothed: nil, hold: .zero) == start + .seconds(2))
        ledger.covered(1, isServer: false)
        #expect(ledger.nextRepeat(smoothed: .seconds(3), hold: .zero) == start + .seconds(6))
    }

    // R: B2
    @Test("Transactions under way together take too long once, however they come to their time")
    func repeatTogether() {
        var ledger = FlightLedger()
        // The last of ten is the one that was lost; the others arrived behind it, where they cannot be covered.
        for number in 0..<10 {
            let range = UInt64(number * 10)...UInt64(number * 10 + 9)
            ledger.sent(UInt64(number), range: range, now: start + .milliseconds(Int64(number) * 100))
        }
        var now = start
        var repeated: [ClosedRange<UInt64>] = []
        while repeated.last?.lowerBound != 90, let next = ledger.nextRepeat(smoothed: nil, hold: .zero) {
            now = next
            for range in ledger.takeOverdue(smoothed: nil, hold: .zero, now: now).ranges {
                repeated.append(range)
                ledger.sent(100 + range.lowerBound, range: range, now: now)
            }
        }
        #expect(now == start + .milliseconds(1_900), "each when its own time had passed")
        #expect(repeated.count == 10)
        #expect(ledger.attempts == 1)
        // What goes again waits for twice as long, and only what went again makes it longer still.
        #expect(ledger.nextRepeat(smoothed: nil, hold: .zero) == start + .seconds(3))
        #expect(ledger.takeOverdue(smoothed: nil, hold: .zero, now: start + .seconds(3)).isAny)
        #expect(ledger.attempts == 2)
        ledger.covered(1, isServer: true)
        #expect(ledger.attempts == 0)
        // And so it is for those that were sent while it was longer.
        let times = (0..<9).map { start + .milliseconds(2_100 + Int64($0) * 100) }
        for time in times {
            #expect(ledger.nextRepeat(smoothed: nil, hold: .zero) == time)
            #expect(ledger.takeOverdue(smoothed: nil, hold: .zero, now: time).ranges.count == 1)
        }
        #expect(ledger.attempts == 1)
    }

    @Test("A transaction without frames may be held; then it is dead too")
    func held() {
        var ledger = FlightLedger()
        ledger.sent(1, range: nil, now: start)
        #expect(ledger.nextRepeat(smoothed: nil, hold: .seconds(15)) == start + .seconds(16))
        #expect(ledger.takeOverdue(smoothed: nil, hold: .seconds(15), now: start + .seconds(16)).isAny)
        #expect(ledger.takeDead() == 1)
        #expect(ledger.takeDead() == nil)
    }

    @Test("An answered transaction stays on record until what it carried is covered")
    func answered() {
        var ledger = FlightLedger()
        ledger.sent(1, range: 4...6, now: start)
        ledger.answered(1, covered: 2)
        #expect(ledger.underWay == 0)
        #expect(ledger.nextRepeat(smoothed: nil, hold: .zero) != nil)
        ledger.covered(6, isServer: false)
        #expect(ledger.nextRepeat(smoothed: nil, hold: .zero) == nil)
    }

    // R: B5
    @Test("Failures are counted in a row, and the next transaction waits longer each time")
    func failures() {
        var ledger = FlightLedger()
        for number in 1...4 {
            ledger.sent(UInt64(number), range: 1...1, now: start)
            #expect(ledger.failed(UInt64(number), now: start) == 1...1)
        }
        #expect(ledger.failures == 4)
        #expect(ledger.retryAt == start + .milliseconds(400))
        #expect(ledger.failed(99, now: start) == nil)
        #expect(ledger.failures == 4)
        ledger.sent(9, range: nil, now: start)
        ledger.answered(9, covered: 0)
        #expect(ledger.failures == 0)
        #expect(ledger.retryAt == nil)
    }
}
