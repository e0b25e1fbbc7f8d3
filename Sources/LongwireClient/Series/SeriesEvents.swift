internal import LongwireSession
internal import Synchronization

extension SessionSeries {
    /// What happens, in order: each session's beginning, its messages, its end.
    ///
    /// It finishes after the last session's end. One task at a time may iterate. A server that closes its direction has
    /// ended the session, and this side closes too.
    public var events: Events { Events(series: self) }

    /// The events of a series; see ``SessionSeries/events``.
    public struct Events: AsyncSequence, Sendable {
        /// What happens.
        public typealias Element = SessionSeries.Event
        let series: SessionSeries

        /// Begins, or goes on, to take events.
        public func makeAsyncIterator() -> Iterator { Iterator(series: series) }

        /// Takes one event after the other.
        public struct Iterator: AsyncIteratorProtocol {
            let series: SessionSeries
            private var current: (session: Session, messages: SessionMessages.Iterator)?

            init(series: SessionSeries) { self.series = series }

            /// The next event, or nil after the last session's end.
            ///
            /// - Throws: `CancellationError` when cancelled.
            public mutating func next() async throws -> SessionSeries.Event? {
                if let session = current?.session, var messages = current?.messages {
                    do {
                        if let message = try await messages.next() {
                            current = (session, messages)
                            return .message(message)
                        }
                    } catch is SessionEnding {
                        // How it ended is the next event, however that was.
                    }
                    current = nil
                    series.closeAlso(session)
                    return .ended(await session.ending)
                }
                guard let next = try await series.nextUnread() else { return nil }
                current = (next, next.messages.makeAsyncIterator())
                return .began(next)
            }
        }
    }

    /// The server has closed its direction of `session`.
    fileprivate func closeAlso(_ session: Session) { session.beginClose() }
}

/// Numbers for those who wait.
enum WaiterNumber {
    private static let last = Atomic<UInt64>(0)

    static func next() -> UInt64 { last.add(1, ordering: .relaxed).newValue }
}

extension ConnectError {
    /// Whether the same attempt may succeed a little later, as where a server is being replaced.
    var mayPass: Bool {
        switch kind {
        case .refused, .unreachable, .timedOut, .refusedByServer(.goingAway), .refusedByServer(.overloaded): true
        case .status(let status): [429, 502, 503, 504].contains(status)
        case .notLongwire: true
        default: false
        }
    }
}
