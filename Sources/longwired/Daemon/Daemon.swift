internal import Foundation
internal import LongwireServer
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import UnixSignals

/// longwired while it runs: from its first listener to its last session, and what signals make of it meanwhile.
///
/// Everything is decided by one task, ``run()``, one event after the other; only drains go on beside it.
struct Daemon {
    private enum Event: Sendable {
        case signal(UnixSignal)
        /// An operator wants the program that lies there now to take over; told how that went.
        case upgrade(CheckedContinuation<String, Never>)
        /// No session is left.
        case ended
    }

    private enum Ending {
        case none
        /// New sessions are refused, the others end by themselves.
        case finishing
        case draining
    }

    private let loader: SettingsLoader
    private let output: LogOutput
    private let logger: Logger
    private let manager: ServiceManager
    private var settings: Settings
    private var servlets: ServletSet
    private let mount: Mount
    private let certificates: ListenerCertificates
    private var ending = Ending.none
    private var handover: Handover?
    /// Ends with the process that this one took over from, which passes on to this one what is not its own.
    private var predecessor: Task<Void, Never>?
    /// Where another process of this program brings what came there and is ours.
    private var forwards: ForwardSocket?
    /// The line to the process that took over, for as long as this one lives.
    private var successor: HandoverLink?

    /// A daemon that does not listen yet.
    ///
    /// - Throws: ``Reload/Refused`` with everything that is wrong.
    init(
        _ settings: Settings, loader: SettingsLoader, output: LogOutput, logger: Logger, manager: ServiceManager,
        handover: Handover? = nil
    ) throws(Reload.Refused) {
        let (servlets, complaints) = ServletSet.make(settings, keeping: nil, logger: logger)
        guard complaints.isEmpty else { throw Reload.Refused(complaints: complaints) }
        certificates = try ListenerCertificates(settings)
        do {
            mount = try Mount(
                servlets: servlets.kinds, access: servlets.access, configuration: settings.mountConfiguration,
                logger: logger)
        } catch {
            throw Reload.Refused(complaints: [Complaint(settings.origin(of: "mount"), "\(error)")])
        }
        self.settings = settings
        self.servlets = servlets
        self.loader = loader
        self.output = output
        self.logger = logger
        self.manager = manager
        self.handover = handover
    }

    /// Serves until a signal ends it.
    mutating func run() async throws {
        let signals = await UnixSignalsSequence(
            trapping: .sigterm, .sigint, .sighup, .sigusr1, .sigusr2, .sigquit)
        DescriptorLimit.raise()
        let group = MultiThreadedEventLoopGroup(
            numberOfThreads: settings.loops ?? max(1, ProcessInfo.processInfo.activeProcessorCount - 1))
        let (events, source) = AsyncStream.makeStream(of: Event.self)
        var listening = try await listen(on: group, source)
        let status = ServiceStatus(mount: mount)
        manager.started(status.line)
        Pulse(manager: manager, group: group).start { status.line }

        let forwarding = Task { for await signal in signals { source.yield(.signal(signal)) } }
        defer { forwarding.cancel() }
        serving: for await event in events {
            switch event {
            case .ended: break serving
            case .upgrade(let asker): asker.resume(returning: await upgrade(&listening, on: group, source))
            case .signal(.sighup): reload()
            case .signal(.sigusr2): tellStatus()
            case .signal(.sigquit): endNow(.sigquit)
            case .signal(.sigusr1): finish(source)
            case .signal(let signal): drain(signal, source)
            }
        }
        await listening.stop()
        await forwards?.close()
        logger.notice("drained")
        try await group.shutdownGracefully()
        successor?.end()
    }

    /// Opens everything, and accepts once nothing can go wrong any more; at the sockets of an old process with its leave.
    private mutating func listen(
        on group: any EventLoopGroup, _ source: AsyncStream<Event>.Continuation
    ) async throws -> Listening {
        let opened = try await OpenedSockets(settings, handover: &handover, group: group, logger: logger)
        var old = ""
        if let link = handover?.link {
            do {
                let forwards = try await ForwardSocket.open(mount: mount, on: group)
                self.forwards = forwards
                old = try await Upgrade.inherit(link, mount: mount, own: forwards)
            } catch {
                opened.discard()
                await forwards?.close()
                throw error
            }
        }
        let listening = try await Listening(
            opened, settings, certificates: certificates, mount: mount, group: group, logger: logger,
            commands: [
                "upgrade": {
                    await withCheckedContinuation { continuation in
                        if case .terminated = source.yield(.upgrade(continuation)) {
                            continuation.resume(returning: "error: longwired is coming to its end")
                        }
                    }
                }
            ])
        if let link = handover?.link {
            predecessor = await Upgrade.serving(link, mount: mount, old: old)
            for address in handover?.closeRest() ?? [] {
                logger.notice("no longer listening", metadata: ["address": "\(address)"])
            }
        }
        handover = nil
        return listening
    }

    // MARK: Upgrade

    /// Starts what lies where this program lay, hands over to it, and drains.
    ///
    /// - Returns: the answer to whoever asked.
    private mutating func upgrade(
        _ listening: inout Listening, on group: any EventLoopGroup, _ source: AsyncStream<Event>.Continuation
    ) async -> String {
        guard case .none = ending else { return "error: longwired is coming to its end" }
        do {
            let own: ForwardSocket
            if let forwards { own = forwards } else { own = try await ForwardSocket.open(mount: mount, on: group) }
            forwards = own
            let (process, link) = try await Upgrade.handOver(
                listening, mount: mount, own: own, environment: manager.environment, logger: logger)
            await listening.release()
            manager.succeeded(by: process)
            try? link.say("go")
            successor = link
            ending = .draining
            logger.notice(
                "upgraded, draining",
                metadata: [
                    "pid": .stringConvertible(process), "sessions": .stringConvertible(mount.sessionCount),
                ])
            Task { [mount, settings, listening, predecessor] in
                await mount.drain(window: settings.drainWindow, limit: settings.drainLimit)
                await predecessor?.value
                await Self.outlast(listening, settings.session.timeToOpen)
                source.yield(.ended)
            }
            return "ok \(process)"
        } catch {
            let sentence = (error as? Successor.Failure)?.sentence ?? "\(error)"
            logger.error("not upgraded, this process goes on: \(sentence)")
            return "error: " + LogText.plain(sentence)
        }
    }

    /// Whoever connected before the new process accepted may have said nothing yet: what it says is passed on.
    private static func outlast(_ listening: Listening, _ limit: TimeAmount) async {
        let end = ContinuousClock.now + .nanoseconds(limit.nanoseconds)
        repeat {
            try? await Task.sleep(for: .milliseconds(250))
        } while listening.openConnections > 0
            && ContinuousClock.now < end
    }

    // MARK: Reload

    /// Reads the configuration again: all of it comes into force, or nothing.
    private mutating func reload() {
        guard case .none = ending else { return logger.notice("not reloaded: longwired is coming to its end") }
        manager.reloading()
        do {
            let reload = try Reload.prepare(loader, from: settings, servlets, logger: logger)
            try certificates.reload(settings)
            do {
                try mount.replace(
                    servlets: reload.servlets.kinds, access: reload.servlets.access,
                    configuration: reload.settings.mountConfiguration)
            } catch {
                throw Reload.Refused(complaints: [Complaint(.standard, "\(error)")])
            }
            settings = reload.settings
            servlets = reload.servlets
            output.logLevel = settings.logLevel
            output.format = settings.logFormat
            // Said whatever the level is: it is the answer to whoever sent the signal.
            logger.notice("reloaded", metadata: reload.changes)
            manager.reloaded(ServiceStatus(mount: mount).line)
        } catch {
            let complaints = (error as? Reload.Refused)?.complaints ?? []
            for complaint in complaints {
                logger.error("not reloaded, the configuration of before stays: \(complaint)")
            }
            manager.reloaded("Not reloaded: \(complaints.first?.description ?? "\(error)")")
        }
    }

    // MARK: Ending

    private mutating func drain(_ signal: UnixSignal, _ source: AsyncStream<Event>.Continuation) {
        if case .draining = ending { return endNow(signal) }
        ending = .draining
        logger.notice(
            "draining",
            metadata: ["signal": "\(signal)", "sessions": .stringConvertible(mount.sessionCount)])
        manager.stopping(within: settings.drainLimit, ServiceStatus(mount: mount).draining)
        Task { [mount, settings] in
            await mount.drain(window: settings.drainWindow, limit: settings.drainLimit)
            source.yield(.ended)
        }
    }

    /// As programs made with libfcgi do on SIGUSR1: what runs comes to its own end, and nothing new begins.
    private mutating func finish(_ source: AsyncStream<Event>.Continuation) {
        guard case .none = ending else { return }
        ending = .finishing
        logger.notice("finishing", metadata: ["sessions": .stringConvertible(mount.sessionCount)])
        manager.status("Finishing: waiting for \(mount.sessionCount) sessions to end")
        Task { [mount] in
            await mount.finish()
            source.yield(.ended)
        }
    }

    private func endNow(_ signal: UnixSignal) {
        logger.notice(
            "ending now",
            metadata: ["signal": "\(signal)", "sessions": .stringConvertible(mount.sessionCount)])
        Foundation.exit(1)
    }

    private func tellStatus() {
        var metadata: Logger.Metadata = [
            "sessions": .stringConvertible(mount.sessionCount), "mount": "\(mount.configuration.path)",
        ]
        for (name, count) in mount.sessionCounts { metadata["servlets.\(name)"] = .stringConvertible(count) }
        logger.notice("status", metadata: metadata)
    }
}
