internal import LongwireSession
internal import NIOConcurrencyHelpers
internal import NIOCore

extension Longwire {
    /// Opens a series of sessions on ``shared``; see ``follow(_:configuration:)-method``.
    public static func follow(
        _ url: String, configuration: ClientConfiguration = ClientConfiguration()
    ) async throws -> SessionSeries {
        try await shared.follow(url, configuration: configuration)
    }

    /// Opens a session with the servlet at `url`, and the next one whenever the server comes to its end.
    ///
    /// The first session is opened as ``connect(_:configuration:)-method`` does it; a next one is sought for
    /// ``ClientConfiguration/followLimit``.
    ///
    /// - Throws: ``ConnectError``, which says what is wrong in a sentence; ``ConfigurationError``.
    public func follow(
        _ url: String, configuration: ClientConfiguration = ClientConfiguration()
    ) async throws -> SessionSeries {
        var configuration = configuration
        configuration.keepsUnbegun = configuration.followLimit > .zero
        let series = NIOLockedValueBox<SessionSeries?>(nil)
        let isAdvised = NIOLockedValueBox(false)
        let tell = configuration.onChange
        configuration.onChange = { change in
            if case .going = change {
                // The first session may be told before there is a series.
                isAdvised.withLockedValue { $0 = true }
                series.withLockedValue { $0 }?.advised()
            }
            tell?(change)
        }
        let loop = nextLoop()
        let first = try await connect(url, configuration: configuration, on: loop)
        let made = SessionSeries(
            first: first,
            opener: SessionSeries.Opener(
                open: { [configuration] in try await self.connect(url, configuration: configuration, on: loop) },
                limit: configuration.followLimit))
        series.withLockedValue { $0 = made }
        if isAdvised.withLockedValue({ $0 }) { made.advised() }
        return made
    }
}
