public import LongwireSession
public import NIOCore

/// Speaks first and unasked: a line a period with the number of seconds since 1970, until the client closes.
public struct ClockServlet: Servlet {
    private let period: TimeAmount

    /// A clock that ticks every `period`.
    public init(period: TimeAmount = .seconds(1)) { self.period = period }

    /// What it is, in a few words.
    public var summary: String { "tells the time, unasked" }

    /// Ticks until the client closes.
    public func service(_ session: Session) async throws {
        let ticking = Task { [period] in
            while !Task.isCancelled {
                try await session.send("\(WallClock.seconds)")
                try await Task.sleep(nanoseconds: UInt64(max(period.nanoseconds, 1_000_000)))
            }
        }
        defer { ticking.cancel() }
        // What the client says is of no interest, its end is.
        for try await _ in session.messages {}
    }
}
