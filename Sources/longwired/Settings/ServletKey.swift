internal import LongwireServer
internal import NIOCore

/// A servlet in the file while its keys are read.
struct ServletDraft {
    var program = ServletSpecification.Program()
    var service = ServletSpecification.ByteService()
    /// What one of our own is, in a word.
    var kind: ServletSpecification?
    var access: AccessSpecification?
}

/// One key of a servlet that has more to say than a word: a program, or a service to connect to.
struct ServletKey: Sendable {
    enum Form: Sendable {
        case one
        /// One text, or a list of words.
        case words
        /// Names with a text each.
        case names
    }

    let name: String
    let unit: String
    let about: String
    var form = Form.one
    /// What it is for.
    enum Use: Sendable { case program, service, builtIn, every }

    let use: Use
    /// Takes a value, or says what would be right; for `.names` with the name.
    let read: @Sendable (inout ServletDraft, _ name: String, _ text: String) -> String?
    /// The default as it would be written; empty for none.
    let standard: String

    static let all: [ServletKey] = [
        ServletKey(
            name: "exec", unit: "command",
            about: "The program that serves a session, with its arguments: a line, or a list of words.", form: .words,
            use: .program,
            read: { draft, _, text in
                draft.program.command.append(text)
                return nil
            }, standard: ""),
        ServletKey(
            name: "framing", unit: ProgramFraming.allCases.map(\.rawValue).joined(separator: ", "),
            about: "How messages are told apart in the program's input and output.", use: .program,
            read: { draft, _, text in
                guard let framing = ProgramFraming(rawValue: text) else {
                    let words = ProgramFraming.allCases.map(\.rawValue).joined(separator: ", ")
                    return "\"\(text)\" is not one of \(words)"
                }
                draft.program.framing = framing
                return nil
            }, standard: ServletSpecification.Program().framing.rawValue),
        number(
            "processes", \.program.processes, 1...1_000_000,
            "The greatest number of its processes at a time; one session more is refused as overloaded."),
        time(
            "run-time", \.program.runTime, use: .program,
            "After how long a process is ended; 0s for never."),
        size(
            "output-limit", \.program.outputLimit,
            "After how much output a process is ended; 0 for never."),
        time(
            "grace", \.program.grace, use: .program,
            "How long a process may take to end by itself, and once more after SIGTERM, before SIGKILL."),
        ServletKey(
            name: "directory", unit: "path", about: "Where it runs; where longwired does if not named.",
            use: .program,
            read: { draft, _, text in
                guard text.hasPrefix("/") else { return "\"\(text)\" must begin with a slash" }
                draft.program.directory = text
                return nil
            }, standard: ""),
        ServletKey(
            name: "environment", unit: "NAME: value",
            about: "Variables that it gets besides those of every session, which win; it gets none of longwired's own.",
            form: .names, use: .program,
            read: { draft, name, text in
                guard !name.isEmpty, !name.contains("="), !name.utf8.contains(0) else {
                    return "\"\(name)\" cannot be a variable's name"
                }
                draft.program.environment[name] = text
                return nil
            }, standard: ""),
        ServletKey(
            name: "connect", unit: "address",
            about: "The service that a session is joined to: tcp://HOST:PORT or unix:PATH.", use: .service,
            read: { draft, _, text in
                do { _ = try ByteServiceAddress(parsing: text) } catch { return "\(error)" }
                draft.service.address = text
                return nil
            }, standard: ""),
        time(
            "connect-timeout", \.service.connectTimeout, use: .service,
            "How long connecting to the service may take."),
        ServletKey(
            name: "kind", unit: "kind", about: "One of our own, as in a word: echo, chat, chat:FILE or clock.",
            use: .builtIn,
            read: { draft, _, text in
                do { draft.kind = try ServletSpecification(text) } catch { return "\(error)" }
                return nil
            }, standard: ""),
        ServletKey(
            name: "access", unit: "rule",
            about: "Who may use it, for any servlet; as access.rule says where it is left out.", use: .every,
            read: { draft, _, text in
                do { draft.access = try AccessSpecification(text) } catch { return "\(error)" }
                return nil
            }, standard: ""),
    ]

    static func at(_ name: String) -> ServletKey? { all.first { $0.name == name } }

    private typealias Place<Value> = WritableKeyPath<ServletDraft, Value> & Sendable

    private static func time(
        _ name: String, _ place: any Place<TimeAmount>, use: Use, _ about: String
    ) -> ServletKey {
        ServletKey(
            name: name, unit: "time", about: about, use: use,
            read: { draft, _, text in
                guard let time = SettingValue.time(text) else { return Setting.noTime(text) }
                draft[keyPath: place] = time
                return nil
            }, standard: SettingValue.written(ServletDraft()[keyPath: place]))
    }

    private static func size(_ name: String, _ place: any Place<Int>, _ about: String) -> ServletKey {
        ServletKey(
            name: name, unit: "bytes", about: about, use: .program,
            read: { draft, _, text in
                guard let size = SettingValue.size(text) else { return Setting.noSize(text) }
                draft[keyPath: place] = size
                return nil
            }, standard: SettingValue.written(size: ServletDraft()[keyPath: place]))
    }

    private static func number(
        _ name: String, _ place: any Place<Int>, _ range: ClosedRange<Int>, _ about: String
    ) -> ServletKey {
        ServletKey(
            name: name, unit: "number", about: about, use: .program,
            read: { draft, _, text in
                guard let number = SettingValue.number(text), range.contains(number) else {
                    return Setting.outside(range, text)
                }
                draft[keyPath: place] = number
                return nil
            }, standard: "\(ServletDraft()[keyPath: place])")
    }
}
