internal import ArgumentParser
internal import FastCGI
internal import Foundation
internal import LongwireServer
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import UnixSignals

/// Serves: `longwired` itself.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serves until SIGTERM, then drains (the default).",
        discussion: """
            Examples:
              longwired --http 127.0.0.1:8080
              longwired --fastcgi 127.0.0.1:9000 --fastcgi unix:/run/longwire/longwire.sock --servlet room=chat
            Started with a listening socket on descriptor 0 (spawn-fcgi, lighttpd) or by systemd, it serves that.
            """)

    @Option(help: ArgumentHelp("The URL path that everything is below.", valueName: "path"))
    var mount = "/longwire"

    @Option(
        help: ArgumentHelp(
            "FastCGI at HOST:PORT, unix:PATH[?mode=0660&owner=U&group=G], fd:0 or systemd[:NAME]; repeatable.",
            valueName: "address"))
    var fastcgi: [String] = []

    @Option(help: ArgumentHelp("HTTP without a web server at HOST:PORT; repeatable.", valueName: "address"))
    var http: [String] = []

    @Option(
        help: ArgumentHelp(
            "NAME or NAME=KIND, at {mount}/NAME; kinds: echo, chat, clock, exec:COMMAND, tcp://HOST:PORT, unix:PATH; "
                + "repeatable (default: echo, clock, chat).",
            valueName: "servlet"))
    var servlet: [ServletArgument] = []

    @OptionGroup var control: ControlOption
    @OptionGroup var times: TimeOptions

    @Option(help: ArgumentHelp("Event loops (default: one less than there are cores).", valueName: "number"))
    var loops: Int?

    @Option(help: ArgumentHelp("Log trace, debug, info, notice, warning or error.", valueName: "level"))
    var logLevel = LogLevel.notice

    func validate() throws {
        if let loops, !(1...1024).contains(loops) { throw ValidationError("--loops must be 1 to 1024") }
        for address in fastcgi { _ = try Self.parse(address) }
        for address in http { _ = try Self.hostAndPort(address) }
        var names = Set<String>()
        for servlet in servlet where !names.insert(servlet.name).inserted {
            throw ValidationError("--servlet \(servlet.name) is given twice; every name needs to be its own")
        }
    }

    private static func parse(_ address: String) throws -> BindAddress {
        do { return try BindAddress(parsing: address) } catch {
            throw ValidationError("--fastcgi \(address): \(error)")
        }
    }

    static func hostAndPort(_ address: String) throws -> (host: String, port: Int) {
        let hint = "--http \(address): write HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080"
        guard let colon = address.lastIndex(of: ":"), let port = UInt16(address[address.index(after: colon)...]) else {
            throw ValidationError(hint)
        }
        var host = address[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        return (host.isEmpty ? "0.0.0.0" : String(host), Int(port))
    }

    func run() async throws {
        var configuration = MountConfiguration()
        configuration.path = mount
        try times.apply(to: &configuration.session)
        LoggingSystem.bootstrap { label in StreamLogHandler.standardError(label: label) }
        var logger = Logger(label: "longwired")
        logger.logLevel = logLevel.level
        var servlets: [String: ServletKind] = [:]
        for argument in servlet {
            do { servlets[argument.name] = try argument.kind(logger: logger) } catch {
                throw ValidationError("--servlet \(argument.name): \(error)")
            }
        }
        if servlets.isEmpty {
            servlets = ["echo": .inline(EchoServlet()), "chat": .inline(ChatServlet()), "clock": .task(ClockServlet())]
        }
        let manager = ServiceManager(logger: logger)
        let mount: Mount
        do { mount = try Mount(servlets: servlets, configuration: configuration, logger: logger) } catch {
            throw ValidationError("\(error)")
        }
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        DescriptorLimit.raise()
        let group = MultiThreadedEventLoopGroup(
            numberOfThreads: loops ?? max(1, ProcessInfo.processInfo.activeProcessorCount - 1))
        let server = try await Listening(serve: self, mount: mount, group: group, logger: logger)
        // Moment: started. Every listener accepts.
        let status = ServiceStatus(mount: mount)
        manager.started(status.line)
        Pulse(manager: manager, group: group).start { status.line }
        await serve(until: signals, mount: mount, server: server, manager: manager, logger: logger)
        try await group.shutdownGracefully()
    }

    private enum Event {
        case signal(UnixSignal)
        case drained
    }

    /// Waits for the first signal, then drains; a second one ends everything at once.
    private func serve(
        until signals: UnixSignalsSequence, mount: Mount, server: Listening, manager: ServiceManager, logger: Logger
    ) async {
        let (events, source) = AsyncStream.makeStream(of: Event.self)
        let forwarding = Task { for await signal in signals { source.yield(.signal(signal)) } }
        defer { forwarding.cancel() }
        var isDraining = false
        for await event in events {
            switch event {
            case .drained: return
            case .signal(let signal) where isDraining:
                logger.notice("ending now", metadata: ["signal": "\(signal)", "sessions": "\(mount.sessionCount)"])
                Foundation.exit(1)
            case .signal(let signal):
                isDraining = true
                logger.notice("draining", metadata: ["signal": "\(signal)", "sessions": "\(mount.sessionCount)"])
                // Moment: stopping, before anything else of the drain.
                manager.stopping(within: times.drainLimit.amount, ServiceStatus(mount: mount).draining)
                Task { [times] in
                    await mount.drain(window: times.drainWindow.amount, limit: times.drainLimit.amount)
                    await server.stop()
                    logger.notice("drained")
                    source.yield(.drained)
                }
            }
        }
    }
}

/// How much is logged.
enum LogLevel: String, ExpressibleByArgument, CaseIterable {
    case trace, debug, info, notice, warning, error

    var level: Logger.Level { Logger.Level(rawValue: rawValue) ?? .notice }
}
