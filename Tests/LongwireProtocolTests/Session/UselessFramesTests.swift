import NIOCore
import Testing

@testable import LongwireProtocol

/// Frames that bring nothing: some at once, so many a second, never without end.
@Suite struct UselessFramesTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    @Test func someMayComeAtOnceAndThenAsManyAsFlowIn() {
        var frames = UselessFrames()
        func take(_ now: NIODeadline) -> Bool { frames.take(now: now) }
        for _ in 0..<UselessFrames.atOnce { #expect(take(start)) }
        #expect(!take(start))
        #expect(take(start + .milliseconds(10)))
        #expect(!take(start + .milliseconds(10)))
        let later = start + .hours(10_000)
        for _ in 0..<UselessFrames.atOnce { #expect(take(later)) }
        #expect(!take(later))
    }

    @Test func whoKeepsToTheRateIsNeverStopped() {
        var frames = UselessFrames()
        func take(_ now: NIODeadline) -> Bool { frames.take(now: now) }
        for index in 0..<100_000 {
            #expect(take(start + .milliseconds(Int64(index) * 1_000 / UselessFrames.perSecond)))
        }
    }

    @Test func aServerMayNotMakeItsClientsSpin() {
        // The least heartbeat that a client takes is 10 ms, whatever OPENED says.
        var machine = SessionMachine(
            role: .client, configuration: SessionConfiguration(), identifier: .random(), token: .random(), now: start)
        let path = machine.openPath(.duplex, now: start)
        #expect(path == 1)
        let opened = OpenedFrame(
            version: 1, identifier: machine.identifier, token: nil, instance: .random(), received: 0, limit: 1_000,
            allowance: AllowanceLimit(bytes: 64 * 1024, pieces: 64), heartbeat: 0, resumeTime: 60_000, greatestAge: 0,
            greatestSize: 0)
        machine.frameReceived(.opened(opened), on: 1, now: start)
        #expect(machine.heartbeat == .milliseconds(10))
    }
}
