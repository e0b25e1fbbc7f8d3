internal import ArgumentParser
internal import Foundation

/// How a command ends when flags, environment or file say what cannot be.
enum ConfigurationFailure {
    /// EX_CONFIG of sysexits.h; what is wrong with flags alone is EX_USAGE, as for every flag.
    static let code = ExitCode(78)

    /// Says everything that is wrong, and ends with its code; does nothing where nothing is wrong.
    static func check(_ complaints: [Complaint]) throws {
        guard !complaints.isEmpty else { return }
        if complaints.allSatisfy(\.origin.isFlag) {
            throw ValidationError(complaints.map(\.description).joined(separator: "\n"))
        }
        let lines = complaints.map { LogText.plain($0.description) + "\n" }.joined()
        FileHandle.standardError.write(Data(lines.utf8))
        throw code
    }
}
