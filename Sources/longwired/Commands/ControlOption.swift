internal import ArgumentParser
internal import Foundation

/// Where the operator's socket is.
struct ControlOption: ParsableArguments {
    @Option(
        name: .customLong("control"),
        help: ArgumentHelp(
            "The operator's socket (default: longwire/control.sock in $XDG_RUNTIME_DIR or /run).", valueName: "path"))
    var path: String?

    /// Where a command asks: a service's socket is in /run, also for whoever has a folder of their own.
    var chosen: String { path ?? named ?? [Self.standard, Self.system].first(where: Self.isThere) ?? Self.standard }

    private var named: String? {
        ProcessInfo.processInfo.environment["LONGWIRE_CONTROL"].flatMap { $0.isEmpty ? nil : $0 }
    }

    private static let system = "/run/longwire/control.sock"

    private static func isThere(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    /// Where a longwired opens it when nobody says otherwise.
    static var standard: String {
        let environment = ProcessInfo.processInfo.environment
        let folder = environment["XDG_RUNTIME_DIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/run"
        return folder + "/longwire/control.sock"
    }
}
