import Foundation
import LongwireClient
import LongwireProtocol
import NIOCore
import NIOConcurrencyHelpers
import TestSupport

/// Whether everything runs in its whole length.
let flowIsLong = ProcessInfo.processInfo.environment["LONGWIRE_LONG"].map { !$0.isEmpty && $0 != "0" } ?? false

/// A value that several tasks and event loops write.
final class FlowBox<Value: Sendable>: Sendable {
    private let state: NIOLockedValueBox<Value>

    init(_ value: Value) { state = NIOLockedValueBox(value) }

    var value: Value { state.withLockedValue { $0 } }
    func set(_ value: Value) { state.withLockedValue { $0 = value } }
    @discardableResult
    func change<Result: Sendable>(_ body: @Sendable (inout Value) -> Result) -> Result {
        state.withLockedValue { body(&$0) }
    }
}

/// Random numbers that a seed repeats (SplitMix64).
struct FlowRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

/// What a session's client was told of its line.
final class FlowChanges: Sendable {
    private let all = FlowBox<[SessionChange]>([])

    var list: [SessionChange] { all.value }
    var connections: Int { all.value.count { if case .connected = $0 { true } else { false } } }
    var breaks: [String] { all.value.compactMap { if case .reconnecting(let why) = $0 { why } else { nil } } }

    func note(_ change: SessionChange) { all.change { $0.append(change) } }
}

/// A session of the client under test, and what it was told of its line.
struct FlowClient: Sendable {
    let session: Session
    let changes: FlowChanges

    static func connect(
        _ url: String, configure: (inout ClientConfiguration) -> Void = { _ in }
    ) async throws -> FlowClient {
        let changes = FlowChanges()
        var configuration = ClientConfiguration()
        // What is shown here is shown of one transaction.
        configuration.transports = [.duplex]
        configuration.onChange = { changes.note($0) }
        configure(&configuration)
        return FlowClient(
            session: try await Longwire.connect(url, configuration: configuration), changes: changes)
    }
}

/// Objects that must be gone when a session is over.
///
/// The core of a session belongs to its event loop, and so does looking whether it is still there.
struct FlowRemains: Sendable {
    private struct Core {
        weak var core: SessionCore?
    }

    private final class Weak: Sendable {
        private let reference: NIOLockedValueBox<WeakSession>
        private struct WeakSession: Sendable {
            weak var session: Session?
        }

        init(_ session: Session) { reference = NIOLockedValueBox(WeakSession(session: session)) }
        var isGone: Bool { reference.withLockedValue { $0.session == nil } }
    }

    private let session: Weak
    private let core: FlowBox<NIOLoopBound<Core>?>
    private let loop: any EventLoop

    init(of session: Session) {
        self.session = Weak(session)
        let box = FlowBox<NIOLoopBound<Core>?>(nil)
        let loop = session.eventLoop
        session.onLoop { core in box.set(NIOLoopBound(Core(core: core), eventLoop: loop)) }
        core = box
        self.loop = loop
    }

    /// Whether neither the session nor its core exists any more.
    func areGone() async throws -> Bool {
        guard session.isGone, let core = core.value else { return false }
        return try await loop.submit { core.value.core == nil }.get()
    }
}

extension Message {
    /// A message that is a number of eight bytes.
    init(number: Int) { self.init(ByteBuffer(integer: number)) }

    /// The number of a message made by ``init(number:)``.
    var number: Int? { payload.readableBytes == 8 ? payload.getInteger(at: payload.readerIndex) : nil }
}

/// Seconds of something, with one digit.
func flowSeconds(_ body: () async throws -> Void) async rethrows -> Double {
    let start = ContinuousClock.now
    try await body()
    let time = ContinuousClock.now - start
    return Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
}

/// Prints a figure, so that a log of the tests shows it.
func flowReport(_ text: String) { print("figure: \(text)") }

extension Double {
    /// With two digits behind the point.
    var short: String { "\((self * 100).rounded() / 100)" }
}
