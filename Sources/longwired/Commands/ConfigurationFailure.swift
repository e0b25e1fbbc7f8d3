internal import ArgumentParser
internal import Foundation
internal import Synchronization

/// How a command ends when flags, environment or file say what cannot be.
enum ConfigurationFailure {
    /// EX_CONFIG of sysexits.h; what is wrong with flags alone is EX_USAGE, as for every flag.
    static let code = ExitCode(78)

    /// What was said first, for whoever does not see standard error.
    private static let first = Mutex<String?>(nil)

    /// Why a start came to nothing, as a sentence.
    static func sentence(_ error: any Error) -> String {
        if let start = error as? StartFailure { return start.description }
        return first.withLock { $0 } ?? "\(error)"
    }

    /// Says everything that is wrong, and ends with its code; does nothing where nothing is wrong.
    static func check(_ complaints: [Complaint]) throws {
        guard let first = complaints.first else { return }
        Self.first.withLock { $0 = first.description }
        if complaints.allSatisfy(\.origin.isFlag) {
            throw ValidationError(complaints.map(\.description).joined(separator: "\n"))
        }
        let lines = complaints.map { LogText.plain($0.description) + "\n" }.joined()
        FileHandle.standardError.write(Data(lines.utf8))
        throw code
    }
}
