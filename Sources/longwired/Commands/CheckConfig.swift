internal import ArgumentParser
internal import Foundation
internal import Logging

/// Looks at the configuration and opens nothing: `longwired check-config`.
struct CheckConfig: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Checks flags, environment and file, and opens nothing.",
        discussion: """
            Example: longwired check-config --config /etc/longwire/longwired.yaml
            Takes the flags of longwired; ends with 0, with 78 for file and environment, with 64 for flags.
            """)

    @OptionGroup var file: ConfigOption
    @OptionGroup(visibility: .hidden) var options: ServeOptions

    func run() throws {
        let loaded = options.loader(file).load()
        for warning in loaded.warnings {
            FileHandle.standardError.write(Data("\(LogText.plain("\(warning)"))\n".utf8))
        }
        // Whatever is wrong with a servlet is told even where something else is.
        let logger = Logger(label: "longwired") { _ in SwiftLogNoOpLogHandler() }
        let (servlets, failures) = ServletSet.make(loaded.settings, keeping: nil, logger: logger)
        let settings = loaded.settings
        var complaints = loaded.complaints + failures
        do { _ = try ListenerCertificates(settings) } catch { complaints += error.complaints }
        try ConfigurationFailure.check(complaints)
        let places = settings.fastCGI.count + settings.http.count + settings.https.count + settings.tcp.count
        print(
            "\(loaded.file ?? "The configuration") is right: \(Self.counted(servlets.kinds.count, "servlet")) at "
                + "\(settings.mount), "
                + (places == 0 ? "listening at what it is started with" : Self.counted(places, "address", "addresses")))
    }

    private static func counted(_ count: Int, _ one: String, _ many: String? = nil) -> String {
        count == 1 ? "1 \(one)" : "\(count) \(many ?? one + "s")"
    }
}
