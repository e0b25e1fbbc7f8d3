import LongwireSession
import NIOCore
import NIOEmbedded
import Testing

/// The one coarse clock of a loop, under virtual time.
@Suite struct TimerWheelTests {
    private final class Member: WheelMember {
        var wheelPlace: WheelPlace?
        let turned: (NIODeadline) -> Void
        init(_ turned: @escaping (NIODeadline) -> Void) { self.turned = turned }
        func wheelTurned(now: NIODeadline) { turned(now) }
    }

    private let loop = EmbeddedEventLoop()
    private let wheel: TimerWheel

    init() { wheel = TimerWheel(eventLoop: loop) }

    private func at(_ milliseconds: Int64) -> NIODeadline { .uptimeNanoseconds(0) + .milliseconds(milliseconds) }

    @Test func membersAreCalledInOrderNotEarlyAndAtMostATickLate() {
        var calls: [(name: Int64, at: NIODeadline)] = []
        let members = [500, 15, 7, 40, 41, 40].map { wanted in
            let member = Member { calls.append((Int64(wanted), $0)) }
            wheel.enter(member, at: at(Int64(wanted)))
            return member
        }
        for _ in 0..<100 { loop.advanceTime(by: .milliseconds(10)) }
        #expect(calls.map(\.name) == [7, 15, 40, 40, 41, 500])
        for call in calls {
            #expect(call.at >= at(call.name) && call.at <= at(call.name + 10), "\(call)")
        }
        #expect(members.allSatisfy { $0.wheelPlace == nil })
    }

    @Test func anEarlierTimeMovesAMemberAndALaterOneDoesNot() {
        var calls: [NIODeadline] = []
        let member = Member { calls.append($0) }
        wheel.enter(member, at: at(100))
        wheel.enter(member, at: at(30))
        wheel.enter(member, at: at(200))
        loop.advanceTime(by: .milliseconds(30))
        #expect(calls.count == 1)
        loop.advanceTime(by: .seconds(20))
        #expect(calls.count == 1)
    }

    @Test func aMemberMayEnterAgainFromItsCall() {
        var calls: [NIODeadline] = []
        let wheel = wheel
        weak var again: Member?
        let member = Member { now in
            calls.append(now)
            if calls.count < 5, let again { wheel.enter(again, at: now + .milliseconds(20)) }
        }
        again = member
        wheel.enter(member, at: at(20))
        for _ in 0..<20 { loop.advanceTime(by: .milliseconds(10)) }
        #expect(calls.map(\.uptimeNanoseconds) == [20, 40, 60, 80, 100].map { $0 * 1_000_000 })
    }

    @Test func timesBeyondTheCircumferenceComeAroundMoreThanOnce() {
        // The wheel is 5.12 s around: a far member is called early, and enters again.
        let far = at(60_000)
        var calls: [NIODeadline] = []
        let wheel = wheel
        weak var again: Member?
        let member = Member { now in
            calls.append(now)
            if now < far, let again { wheel.enter(again, at: far) }
        }
        again = member
        wheel.enter(member, at: far)
        for _ in 0..<700 { loop.advanceTime(by: .milliseconds(100)) }
        #expect(calls.last == far)
        #expect(calls.count > 2 && calls.count < 20)
    }

    @Test func whoLeavesIsNotCalledAndTheOthersAre() {
        var calls: [Int] = []
        let members = (0..<3).map { index in Member { _ in calls.append(index) } }
        for member in members { wheel.enter(member, at: at(50)) }
        wheel.leave(members[1])
        wheel.leave(members[1])
        loop.advanceTime(by: .milliseconds(100))
        #expect(calls == [0, 2])
    }

    @Test func whoeverLeavesOrMovesAmongManyTakesNobodyAlong() {
        var calls = [Int](repeating: 0, count: 300)
        // They all wait in one slot; every third leaves, every third moves, from the ends and the middle.
        let members = (0..<300).map { index in Member { _ in calls[index] += 1 } }
        for member in members { wheel.enter(member, at: at(50)) }
        for index in (0..<300).shuffled() {
            if index % 3 == 0 { wheel.leave(members[index]) }
            if index % 3 == 1 { wheel.enter(members[index], at: at(20)) }
        }
        loop.advanceTime(by: .milliseconds(30))
        #expect(calls.enumerated().allSatisfy { $0.element == ($0.offset % 3 == 1 ? 1 : 0) })
        loop.advanceTime(by: .milliseconds(30))
        #expect(calls.enumerated().allSatisfy { $0.element == ($0.offset % 3 == 0 ? 0 : 1) })
        #expect(members.allSatisfy { $0.wheelPlace == nil })
    }

    @Test func oneMemberMayMakeAnotherLeaveInTheSameTick() {
        var calls: [Int] = []
        let wheel = wheel
        weak var victim: Member?
        let first = Member { _ in
            calls.append(0)
            if let victim { wheel.leave(victim) }
        }
        let second = Member { _ in calls.append(1) }
        victim = second
        wheel.enter(first, at: at(50))
        wheel.enter(second, at: at(50))
        loop.advanceTime(by: .milliseconds(100))
        #expect(calls == [0])
    }

    @Test func itSleepsWhileNobodyWaits() {
        // An embedded loop has nothing to run when nothing is scheduled on it.
        var calls = 0
        let member = Member { _ in calls += 1 }
        wheel.enter(member, at: at(10))
        loop.advanceTime(by: .milliseconds(10))
        #expect(calls == 1)
        wheel.enter(member, at: at(-100))
        loop.advanceTime(by: .milliseconds(20))
        #expect(calls == 2)
    }
}
