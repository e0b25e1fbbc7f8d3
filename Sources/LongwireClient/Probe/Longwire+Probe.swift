internal import LongwireSession
public import NIOCore

extension Longwire {
    /// Finds out what the way to a servlet lets pass: opens a session over each transport, one after the other, and
    /// closes it again.
    ///
    /// It remembers nothing of earlier sessions, and later ones remember nothing of it. A few seconds pass for each
    /// transport that does not work. The servlet gets no message.
    ///
    /// - Parameters:
    ///   - url: a servlet's; any will do.
    ///   - configuration: as for a session; its transports are the ones that are tried.
    ///   - watching: for how long lines that work are left idle, to see whether they are cut; zero: not at all.
    /// - Throws: ``ConnectError`` where no transport could be tried, as when the name is not known;
    ///   ``ConfigurationError``.
    public static func probe(
        _ url: String, configuration: ClientConfiguration = ClientConfiguration(), watching: TimeAmount = .zero
    ) async throws -> PathReport {
        try configuration.validate()
        let endpoint = try Endpoint(url)
        return try await PathProbe(
            url: url, endpoint: endpoint, configuration: configuration, watching: watching
        ).run()
    }
}
