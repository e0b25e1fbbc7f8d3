internal import ArgumentParser
internal import LongwireServer
internal import Logging

/// Serves: `longwired` itself.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serves until SIGTERM, then drains (the default).",
        discussion: """
            Example: longwired --fastcgi 127.0.0.1:9000 --servlet echo --servlet room=chat
            Every flag is a key of the file too; --help-hidden shows the rare ones.
            """)

    @OptionGroup var file: ConfigOption
    @OptionGroup var options: ServeOptions

    func run() async throws {
        let output = LogOutput.standardError
        LoggingSystem.bootstrap { label in LineLogHandler(label: label, output: output) }
        let handover = Handover.taken()
        do {
            try await serve(output, Logger(label: "longwired"), handover)
        } catch {
            // The process that this one should take over from tells whoever asked for it.
            try? handover?.link.say("failed \(LogText.plain(ConfigurationFailure.sentence(error)))")
            throw error
        }
    }

    private func serve(_ output: LogOutput, _ logger: Logger, _ handover: Handover?) async throws {
        let manager = ServiceManager(logger: logger)
        let loader = options.loader(file)
        let loaded = loader.load()
        try ConfigurationFailure.check(loaded.complaints)
        output.logLevel = loaded.settings.logLevel
        output.format = loaded.settings.logFormat
        var daemon: Daemon
        do {
            daemon = try Daemon(
                loaded.settings, loader: loader, output: output, logger: logger, manager: manager, handover: handover)
        } catch {
            try ConfigurationFailure.check(error.complaints)
            return
        }
        try await daemon.run()
    }
}
