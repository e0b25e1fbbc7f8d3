internal import Foundation
internal import NIOConcurrencyHelpers

/// What other threads have for the thread of the screen, and its alarm clock.
final class ScreenInbox: Sendable {
    enum Event: Sendable, Equatable {
        /// For above the line being typed.
        case text(ScreenText)
        /// The status row's text, and whether it is to be noticed.
        case status(String, isAlarming: Bool)
        /// There is room again for what is typed.
        case room
        case resized
        case suspended
        case continued
        /// The session is over: the screen ends.
        case stop
    }

    private struct State {
        var events: [Event] = []
        var bytes = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    /// Text that may wait, in bytes, before whoever shows must wait too.
    private static let highWater = 64 * 1024

    private let state = NIOLockedValueBox(State())
    /// Readable when there are events.
    let alarm: Int32
    private let bell: Int32

    init() {
        let ends = Descriptor.makePipe()
        (alarm, bell) = (ends.reading, ends.writing)
        for descriptor in [alarm, bell] { Descriptor.setNonBlocking(descriptor) }
    }

    /// Adds an event; never waits.
    func post(_ event: Event) {
        state.withLockedValue { state in
            if case .text(let text) = event { state.bytes += text.text.utf8.count }
            state.events.append(event)
        }
        var byte: UInt8 = 1
        _ = Foundation.write(bell, &byte, 1)
    }

    /// Adds text and waits until the screen has room for more.
    func show(_ text: ScreenText) async {
        post(.text(text))
        await withCheckedContinuation { continuation in
            let hasRoom = state.withLockedValue { state in
                guard state.bytes >= Self.highWater else { return true }
                state.waiting.append(continuation)
                return false
            }
            if hasRoom { continuation.resume() }
        }
    }

    /// Whether as much waits as should.
    var isFull: Bool { state.withLockedValue { $0.bytes >= Self.highWater } }

    /// Takes all events.
    func drain() -> [Event] {
        var bytes = [UInt8](repeating: 0, count: 256)
        while Foundation.read(alarm, &bytes, bytes.count) == bytes.count {}
        let (events, waiting) = state.withLockedValue { state in
            defer { state = State() }
            return (state.events, state.waiting)
        }
        for waiting in waiting { waiting.resume() }
        return events
    }
}
