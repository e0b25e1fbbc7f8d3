internal import LongwireClient

/// How it came out: the exit code, and what people are told of it.
struct Outcome {
    var code: ExitCode
    /// A sentence without a full stop; nil when there is nothing to say.
    var sentence: String?
    /// What may not have arrived, for those who end at once.
    var doubt = ""

    init(_ code: ExitCode, _ sentence: String? = nil) {
        self.code = code
        self.sentence = sentence
    }

    /// Why there is no session.
    init(_ error: any Error) {
        guard let error = error as? ConnectError else {
            self.init(error is ConfigurationError ? .usage : .notReachable, "\(error)")
            return
        }
        switch error.kind {
        case .invalidURL: self.init(.usage, error.description)
        case .nameNotFound: self.init(.nameNotFound, error.description)
        case .refused, .unreachable, .timedOut: self.init(.notReachable, error.description)
        case .tls: self.init(.tls, error.description)
        case .status(let status): self.init(Self.code(of: status), Self.named(status, error.description))
        case .proxy(.nameNotFound): self.init(.nameNotFound, error.description)
        case .proxy(.tls): self.init(.tls, error.description)
        case .proxy(.authentication): self.init(.notAllowed, error.description)
        case .proxy(.status(let status)): self.init(Self.code(of: status), error.description)
        case .proxy(.notProxy): self.init(.notLongwire, error.description)
        case .proxy: self.init(.notReachable, error.description)
        case .notLongwire: self.init(.notLongwire, error.description)
        case .version: self.init(.version, error.description)
        case .refusedByServer(let code): self.init(.refused, "\(error) (code \(code.rawValue))")
        case .cancelled: self.init(.interrupted)
        }
    }

    private static func code(of status: Int) -> ExitCode {
        switch status {
        case 401, 403, 407: .notAllowed
        case 404, 410: .nothingThere
        default: .httpStatus
        }
    }

    private static func named(_ status: Int, _ sentence: String) -> String {
        let names = [
            401: "unauthorized; --bearer-file or --header can bring credentials", 403: "forbidden", 404: "not found",
            405: "method not allowed", 407: "the proxy wants credentials", 410: "gone", 411: "length required",
            413: "too large", 429: "too many requests", 500: "internal error",
            502: "bad gateway: the web server does not reach longwired", 503: "unavailable", 504: "gateway timeout",
        ]
        guard let name = names[status] else { return sentence }
        return sentence.replacing("status \(status)", with: "status \(status) (\(name))", maxReplacements: 1)
    }

    /// How a session ended.
    init(_ ending: SessionEnding) {
        let why = ending.reason.isEmpty ? "\(ending.code)" : "\(ending.code): \(ending.reason)"
        let who = ending.isRemote ? " by the server" : ""
        switch ending.kind {
        case .closed where ending.code == .done:
            self.init(.done, ending.reason.isEmpty ? nil : "closed\(who): \(ending.reason)")
        case .closed: self.init(.closedWithCode, "closed\(who): \(why)")
        case .aborted:
            self.init(.aborted, "aborted\(who): \(why)" + Self.doubt(ending))
            doubt = Self.doubt(ending)
        case .lost: self.init(.lost, "the session is lost: \(why)" + Self.doubt(ending))
        }
    }

    /// What may not have arrived.
    private static func doubt(_ ending: SessionEnding) -> String {
        switch ending.unacknowledged {
        case 0: "; everything sent was acknowledged"
        case 1: "; the last message sent was not acknowledged and may be lost"
        default: "; the last \(ending.unacknowledged) messages sent were not acknowledged and may be lost"
        }
    }
}
