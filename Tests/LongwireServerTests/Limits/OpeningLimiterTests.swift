import HTTPTypes
@testable import LongwireServer
import NIOCore
import Testing

/// Who may open how many sessions, and how fast.
@Suite struct OpeningLimiterTests {
    private static func limits(_ change: (inout SessionLimits) -> Void) -> SessionLimits {
        var limits = SessionLimits()
        (limits.perAddress, limits.perPrincipal, limits.openingRate, limits.openingRatePerAddress) = (0, 0, 0, 0)
        change(&limits)
        return limits
    }

    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    @Test func anAddressHasItsSessionsAndItsNeighbourItsOwn() {
        var limiter = OpeningLimiter()
        let limits = Self.limits { $0.perAddress = 2 }
        func open(_ address: String?) -> LimitRefusal? {
            limiter.open(address: address, principal: nil, count: 0, maximum: 100, limits: limits, now: start)
        }
        #expect(open("a") == nil)
        #expect(open("a") == nil)
        let refusal = open("a")
        #expect(refusal?.reason == "the limit of 2 sessions of one address is reached")
        #expect(refusal?.isOwn == true)
        #expect(open("b") == nil)
        #expect(open(nil) == nil)
        limiter.ended(address: "a", principal: nil)
        #expect(open("a") == nil)
        #expect(open("a") != nil)
    }

    @Test func aUserHasItsSessionsFromWhereverItComes() {
        var limiter = OpeningLimiter()
        let limits = Self.limits { $0.perPrincipal = 1 }
        func open(_ address: String, _ user: String?) -> LimitRefusal? {
            limiter.open(address: address, principal: user, count: 0, maximum: 100, limits: limits, now: start)
        }
        #expect(open("a", "ada") == nil)
        #expect(open("b", "ada")?.reason == "the limit of 1 sessions of one user is reached")
        #expect(open("b", "bob") == nil)
        #expect(open("b", nil) == nil)
        limiter.ended(address: "a", principal: "ada")
        #expect(open("b", "ada") == nil)
    }

    @Test func openingsFlowInAtTheirRateUpToTenSecondsWorth() {
        var limiter = OpeningLimiter()
        let limits = Self.limits { $0.openingRatePerAddress = 2 }
        func open(_ address: String, _ now: NIODeadline) -> LimitRefusal? {
            limiter.open(address: address, principal: nil, count: 0, maximum: 100, limits: limits, now: now)
        }
        for _ in 0..<20 { #expect(open("a", start) == nil) }
        #expect(open("a", start)?.reason == "one address may open 2 sessions a second")
        #expect(open("a", start)?.retryAfter == 1)
        #expect(open("b", start) == nil)
        #expect(open("a", start + .milliseconds(400)) != nil)
        #expect(open("a", start + .milliseconds(500)) == nil)
        #expect(open("a", start + .milliseconds(500)) != nil)
        // However long nobody comes, it is never more than ten seconds' worth.
        for _ in 0..<20 { #expect(open("a", start + .hours(5)) == nil) }
        #expect(open("a", start + .hours(5)) != nil)
    }

    @Test func allTogetherOpenNoFasterThanTheyMay() {
        var limiter = OpeningLimiter()
        let limits = Self.limits { $0.openingRate = 1 }
        func open(_ address: String) -> LimitRefusal? {
            limiter.open(address: address, principal: nil, count: 0, maximum: 100, limits: limits, now: start)
        }
        for index in 0..<10 { #expect(open("\(index)") == nil) }
        let refusal = open("new")
        #expect(refusal?.reason == "1 sessions a second may open")
        #expect(refusal?.isOwn == false)
        #expect(refusal?.problem.status == .serviceUnavailable)
    }

    @Test func whatIsRefusedCountsForNothing() {
        var limiter = OpeningLimiter()
        let limits = Self.limits { $0.perAddress = 1 }
        for _ in 0..<3 {
            _ = limiter.open(address: "a", principal: nil, count: 100, maximum: 100, limits: limits, now: start)
        }
        let first = limiter.open(address: "a", principal: nil, count: 0, maximum: 100, limits: limits, now: start)
        #expect(first == nil)
    }

    @Test func aMillionAddressesAreNotRemembered() {
        var limiter = OpeningLimiter()
        let limits = Self.limits { $0.openingRatePerAddress = 1 }
        for index in 0..<50_000 {
            _ = limiter.open(address: "\(index)", principal: nil, count: 0, maximum: 100, limits: limits, now: start)
            limiter.ended(address: "\(index)", principal: nil)
        }
        #expect(limiter.remembered <= OpeningLimiter.capacity)
    }

    @Test(
        arguments: [
            ("203.0.113.7", "203.0.113.7"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:DB8:1:2::9", "2001:db8:1:2::/64"), ("2001:db8::1", "2001:db8::/64"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            ("127.0.0.1", nil), ("::1", nil), ("::ffff:127.0.0.1", nil), ("", nil), (nil, nil),
        ] as [(String?, String?)])
    func anAddressIsCountedByItsNetworkAndThisMachineNotAtAll(address: String?, key: String?) {
        #expect(AddressKey.of(address) == key)
    }
}
