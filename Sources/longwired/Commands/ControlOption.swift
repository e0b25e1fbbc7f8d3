internal import ArgumentParser
internal import Foundation

/// Where the operator's socket is.
struct ControlOption: ParsableArguments {
    @Option(
        name: .customLong("control"),
        help: ArgumentHelp(
            "The operator's socket (default: longwire/control.sock in $XDG_RUNTIME_DIR or /run).", valueName: "path"))
    var path: String?

    var chosen: String { path ?? named ?? Self.standard }

    private var named: String? {
        ProcessInfo.processInfo.environment["LONGWIRE_CONTROL"].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Where it is when nobody says otherwise.
    static var standard: String {
        let environment = ProcessInfo.processInfo.environment
        let folder = environment["XDG_RUNTIME_DIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/run"
        return folder + "/longwire/control.sock"
    }
}
