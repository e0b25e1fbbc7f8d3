internal import ArgumentParser
internal import Foundation
internal import LongwireClient
internal import LongwireTesting
internal import NIOCore

/// The command `longwire chaos`.
struct Chaos: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Stands before a server and damages lines, by a script or a seed.",
        usage: "longwire chaos --to <[host:]port> [<options>]",
        discussion: """
            What it does goes to standard error; Ctrl-C ends it. Example:
              longwire chaos --to 8080 --listen 8081 --do 'every 5s for 300ms stall'
            The words of scripts are in man longwire.
            """)

    @Option(name: .long, help: ArgumentHelp("The server.", valueName: "[host:]port"))
    var to: String

    @Option(name: .long, help: ArgumentHelp("Where to listen; else any free port.", valueName: "[host:]port"))
    var listen: String?

    @Option(name: .long, help: ArgumentHelp("A script, - for standard input.", valueName: "file"), completion: .file())
    var script: String?

    @Option(name: .customLong("do"), help: ArgumentHelp("A line of a script; repeatable.", valueName: "line"))
    var lines: [String] = []

    @Option(name: .long, help: ArgumentHelp("Faults at random, the same for the same number.", valueName: "n"))
    var seed: UInt64?

    @Option(
        name: .long,
        help: ArgumentHelp("The random ones; all but corrupt unless said.", valueName: "names"),
        completion: .list(ChaosPlan.Kind.allCases.map(\.rawValue)))
    var faults: String?

    @Option(name: .long, help: ArgumentHelp("Between two random ones, on average.", valueName: "time"))
    var pace = TimeArgument(seconds: 3)

    @Option(name: .customLong("for"), help: ArgumentHelp("When to end.", valueName: "time"))
    var length: TimeArgument?

    @Flag(name: .long, help: "Print what would be done, as a script, and end.")
    var plan = false

    @Flag(name: .long, help: "What was done as lines of JSON.")
    var json = false

    /// What random faults repeat themselves after.
    private static let span = TimeAmount.minutes(10)

    func validate() throws {
        for (flag, text) in [("--to", to), ("--listen", listen)] {
            guard let text, DirectTCP(text) == nil else { continue }
            throw ValidationError("\(flag) \(text): write PORT or HOST:PORT, such as 8080 or [::1]:8080")
        }
        guard pace.amount >= .milliseconds(1) else { throw ValidationError("--pace must be at least 1ms") }
        if let faults { _ = try Self.kinds(faults) }
        guard faults == nil || script == nil && lines.isEmpty || seed != nil else {
            throw ValidationError("--faults with a script needs --seed, too: it says which random ones are wanted")
        }
    }

    private static func kinds(_ text: String) throws -> [ChaosPlan.Kind] {
        try text.split(separator: ",", omittingEmptySubsequences: false).map { name in
            guard let kind = ChaosPlan.Kind(rawValue: String(name)) else {
                let names = ChaosPlan.Kind.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("--faults \(name): write some of \(names), with commas between them")
            }
            return kind
        }
    }

    // MARK: The plan

    /// What is to happen, and the seed of what that leaves open.
    private func wholePlan() throws -> (ChaosPlan, seed: UInt64) {
        var whole = ChaosPlan()
        for (name, text) in try scripts() {
            do { whole.steps += try ChaosScript.parse(text).steps } catch {
                throw ChaosFailure(description: "\(name)\(error)")
            }
        }
        let isRandom = seed != nil || faults != nil || (script == nil && lines.isEmpty)
        let seed = seed ?? UInt64.random(in: 1...999_999)
        guard isRandom else { return (whole, seed) }
        let kinds = try faults.map { try Self.kinds($0) } ?? ChaosPlan.Kind.allCases.filter { $0 != .corrupt }
        let count = Int(Self.span.nanoseconds / pace.amount.nanoseconds)
        var random = ChaosPlan(
            seed: seed, kinds: kinds, over: Self.span, count: min(count, 100_000), longest: pace.amount)
        if whole.steps.isEmpty { random.period = Self.span }
        whole.steps += random.steps
        whole.period = random.period
        return (whole, seed)
    }

    private func scripts() throws -> [(name: String, text: String)] {
        var texts = lines.map { ("--do ", $0) }
        if let script {
            do {
                let isInput = script == "-"
                let data =
                    isInput
                    ? FileHandle.standardInput.readDataToEndOfFile()
                    : try Data(contentsOf: URL(fileURLWithPath: script))
                texts.append((isInput ? "standard input, " : "\(script), ", String(decoding: data, as: UTF8.self)))
            } catch {
                throw ChaosFailure(description: "--script \(script): it cannot be read")
            }
        }
        return texts
    }

    // MARK: Running

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        CharacterEncoding.useUTF8()
        do {
            let (whole, seed) = try wholePlan()
            guard !plan else {
                Descriptor.write(Array(whole.description.utf8), to: STDOUT_FILENO)
                return
            }
            try await play(whole, seed: seed)
        } catch let failure as ChaosFailure {
            ChaosReport(isJSON: false).say(failure.description)
            throw ArgumentParser.ExitCode(ExitCode.usage.rawValue)
        }
    }

    private func play(_ whole: ChaosPlan, seed: UInt64) async throws {
        let report = ChaosReport(isJSON: json)
        let (server, place) = (DirectTCP(to), listen.flatMap { DirectTCP($0) })
        guard let server else { return }
        let ends = AsyncStream<Void>.makeStream()
        Signals.handle([SIGINT, SIGTERM, SIGHUP]) { _ in ends.continuation.yield() }
        let host = place?.host ?? "127.0.0.1"
        let proxy: ChaosProxy
        do {
            proxy = try await ChaosProxy.start(
                host: host, port: place?.port ?? 0, toHost: server.host ?? "127.0.0.1", to: server.port, plan: whole,
                seed: seed
            ) { report.tell($0) }
        } catch {
            report.say("cannot listen at \(host):\(place?.port ?? 0): \(error)")
            throw ArgumentParser.ExitCode(ExitCode.notReachable.rawValue)
        }
        report.began(at: "\(host):\(proxy.port)", to: to, seed: seed)
        let timer = length.map { length in
            Task {
                try await Task.sleep(for: .nanoseconds(length.amount.nanoseconds))
                ends.continuation.yield()
            }
        }
        for await _ in ends.stream { break }
        timer?.cancel()
        try await proxy.stop()
    }
}

/// Why nothing could be begun.
struct ChaosFailure: Error, CustomStringConvertible {
    let description: String
}
