internal import HTTPTypes
public import Logging
public import LongwireSession
internal import NIOConcurrencyHelpers
public import NIOCore

/// Runs a program for each session, as CGI did for each request, but for as long as the line is open (Docs/exec.md).
///
/// A message of the client is one that the program reads on its standard input, and what it writes on its standard
/// output are messages to the client. Nothing queues beyond the session's windows and two pipes: a program that does
/// not read stops its client, a client that does not read stops the program.
public struct ExecServlet: Servlet {
    private let configuration: ExecConfiguration
    private let executable: String
    private let logger: Logger
    /// How many programs run.
    private let running = NIOLockedValueBox(0)

    /// A servlet that runs the program of `configuration`.
    ///
    /// - Throws: ``ConfigurationError`` when there is no such program, or it may not be executed, and for limits that
    ///   cannot work.
    public init(_ configuration: ExecConfiguration, logger: Logger) throws(ConfigurationError) {
        guard configuration.processLimit > 0 else {
            throw ConfigurationError("the limit on processes is \(configuration.processLimit); it must be at least 1")
        }
        guard configuration.runTime >= .zero, configuration.outputLimit >= 0, configuration.grace > .zero else {
            throw ConfigurationError(
                "run time and output limit must be 0 (no limit) or more, and the grace more than 0")
        }
        for name in configuration.environment.keys
        where name.isEmpty || name.contains("=") || name.utf8.contains(0) {
            throw ConfigurationError("\"\(name)\" cannot be the name of an environment variable")
        }
        executable = try Executable.locate(configuration)
        self.configuration = configuration
        self.logger = logger
    }

    /// How long a program may take to end after its session has: SIGTERM, the grace, SIGKILL.
    public var endTime: TimeAmount { configuration.grace + .seconds(5) }

    /// Accepts as many as may run at a time.
    public func accept(_ request: SessionRequest) -> Acceptance {
        guard running.withLockedValue({ $0 }) < configuration.processLimit else {
            return .refused(.overloaded, reason: tooMany)
        }
        return .accepted
    }

    /// Runs the program, with an environment that tells of no request.
    public func service(_ session: Session) async throws {
        let head = HTTPRequest(method: .post, scheme: nil, authority: nil, path: "/")
        try await service(session, request: SessionRequest(servlet: "", principal: nil, remoteAddress: nil, head: head))
    }

    /// Runs the program until nothing of it is left; its end is the session's, with a code of ``ExecCode``.
    public func service(_ session: Session, request: SessionRequest) async throws {
        // Between accept and here others may have come.
        let isTaken = running.withLockedValue { running in
            guard running < configuration.processLimit else { return false }
            running += 1
            return true
        }
        guard isTaken else { throw ServletFailure(.overloaded, reason: tooMany) }
        defer { running.withLockedValue { $0 -= 1 } }
        let conversation = ProgramConversation(
            session: session, request: request, configuration: configuration, executable: executable, logger: logger)
        try await withTaskCancellationHandler {
            try await conversation.run()
        } onCancel: {
            Task { await conversation.lost() }
        }
    }

    private var tooMany: String { "the limit of \(configuration.processLimit) programs is reached" }
}
