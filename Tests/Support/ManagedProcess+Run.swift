extension ManagedProcess {
    /// What a program that ran to its end left.
    package struct Result: Sendable {
        /// How it ended.
        package let status: ExitStatus
        /// What it wrote to its output.
        package let output: String
        /// What it wrote to its errors.
        package let errors: String
    }

    /// Runs a program to its end.
    package static func run(
        _ program: String, _ arguments: [String] = [], environment: [String: String?] = [:], folder: String? = nil,
        input: String = "", within limit: Duration = .seconds(60)
    ) async throws -> Result {
        let process = try ManagedProcess(program, arguments, environment: environment, folder: folder, input: .pipe)
        if !input.isEmpty { try await process.write(Array(input.utf8), within: limit) }
        process.closeInput()
        let status = try await process.waitUntilExit(within: limit)
        return Result(status: status, output: process.output?.text ?? "", errors: process.errors?.text ?? "")
    }

    /// Runs a program that must succeed, and gives its output; otherwise throws with what it said.
    @discardableResult
    package static func mustRun(_ program: String, _ arguments: [String] = [], folder: String? = nil) async throws
        -> String
    {
        let result = try await run(program, arguments, folder: folder)
        guard result.status == .exited(0) else {
            throw TimedOut(
                description:
                    "\(program) \(arguments.joined(separator: " ")): \(result.status)\n\(result.errors)\(result.output)"
            )
        }
        return result.output
    }
}
