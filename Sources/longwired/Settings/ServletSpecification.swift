internal import LongwireServer
internal import Logging
internal import NIOCore

/// What a servlet shall be, as it is configured; two that are equal need only one instance.
enum ServletSpecification: Sendable, Equatable {
    case echo
    /// Rooms; with the file of their history, where there is one.
    case chat(history: String?)
    case clock
    case exec(Program)
    case connect(ByteService)

    /// A program for each session.
    struct Program: Sendable, Equatable {
        var command: [String] = []
        var framing = ProgramFraming.lines
        var processes = ExecConfiguration(command: []).processLimit
        var runTime = TimeAmount.zero
        var outputLimit = 0
        var grace = TimeAmount.seconds(5)
        var directory: String?
        var environment: [String: String] = [:]

        var configuration: ExecConfiguration {
            var configuration = ExecConfiguration(command: command)
            configuration.framing = framing
            configuration.processLimit = processes
            configuration.runTime = runTime
            configuration.outputLimit = outputLimit
            configuration.grace = grace
            configuration.workingDirectory = directory
            configuration.environment = environment
            return configuration
        }
    }

    /// A service that speaks bytes over TCP or a unix socket.
    struct ByteService: Sendable, Equatable {
        var address = ""
        var connectTimeout = TimeAmount.seconds(10)
    }

    static let standard: [String: ServletSpecification] = ["echo": .echo, "chat": .chat(history: nil), "clock": .clock]
    /// What can be written for one in a word.
    static let forms = "echo, chat, chat:FILE, clock, exec:COMMAND, tcp://HOST:PORT or unix:PATH"

    /// Reads what stands behind `NAME=` of a flag, or behind `NAME:` in the file.
    init(_ text: String) throws(ConfigurationError) {
        switch text {
        case "echo": self = .echo
        case "chat": self = .chat(history: nil)
        case "clock": self = .clock
        case _ where text.hasPrefix("chat:"):
            let path = String(text.dropFirst(5))
            guard path.hasPrefix("/") else {
                throw ConfigurationError("\"\(text)\": write chat:FILE, with the whole path of the room's history")
            }
            self = .chat(history: path)
        case _ where text.hasPrefix("exec:"):
            self = .exec(Program(command: try Self.words(String(text.dropFirst(5)))))
        case _ where text.hasPrefix("tcp:") || text.hasPrefix("unix:"):
            _ = try ByteServiceAddress(parsing: text)
            self = .connect(ByteService(address: text))
        default:
            throw ConfigurationError("\"\(text)\" is not a kind of servlet; write \(Self.forms)")
        }
    }

    /// A command in words, as a shell would cut it.
    static func words(_ command: String) throws(ConfigurationError) -> [String] {
        try ExecConfiguration(parsing: command).command
    }

    /// The servlet itself.
    ///
    /// - Throws: ``ConfigurationError`` where it cannot work, such as for a program that is not there.
    func make(logger: Logger) throws(ConfigurationError) -> ServletKind {
        switch self {
        case .echo: return .inline(EchoServlet())
        case .chat(nil): return .inline(ChatServlet())
        case .chat(let path?): return .inline(try ChatServlet(history: path))
        case .clock: return .task(ClockServlet())
        case .exec(let program): return .task(try ExecServlet(program.configuration, logger: logger))
        case .connect(let service):
            let address = try ByteServiceAddress(parsing: service.address)
            return .task(ByteServiceServlet(address, connectTimeout: service.connectTimeout, logger: logger))
        }
    }
}
