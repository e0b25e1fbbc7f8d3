internal import HTTPTypes
internal import Logging

/// What all connections of a server share.
final class ServerContext: Sendable {
    typealias HandlerFactory =
        @Sendable (FastCGIRequest, HTTPRequest, FastCGIParameters) -> (any FastCGIRequestHandler)?

    let configuration: FastCGIConfiguration
    let logger: Logger
    let makeHandler: HandlerFactory
    let requestLimits: RequestLimits
    let openConnections: Gauge

    init(configuration: FastCGIConfiguration, logger: Logger, makeHandler: @escaping HandlerFactory) {
        self.configuration = configuration
        self.logger = logger
        self.makeHandler = makeHandler
        self.requestLimits = RequestLimits(
            maximumParameterBytes: configuration.maximumParameterBytes,
            maximumRequests: configuration.maximumRequestsPerConnection,
            gauge: Gauge(limit: configuration.maximumOpenRequests))
        self.openConnections = Gauge(limit: configuration.maximumConnections)
    }
}
