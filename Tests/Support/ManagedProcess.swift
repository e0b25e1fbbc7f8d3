package import Foundation
import NIOConcurrencyHelpers

/// A program started by a test, in a process group of its own, which never outlives this object.
///
/// Both outputs are read all the time by threads of their own. Dropping the object, or ``stop()``, kills the whole
/// group with SIGKILL, also when the program itself has ended and left children. Safe from any task and any thread.
package final class ManagedProcess: Sendable {
    /// What the program gets as its descriptor 0.
    package enum Input: Sendable {
        /// Nothing: /dev/null.
        case null
        /// The bytes of a file.
        case file(String)
        /// What ``ManagedProcess/write(_:within:)`` gives, until ``ManagedProcess/closeInput()``.
        case pipe
        /// A descriptor of ours, such as a listening socket; it stays open here.
        case descriptor(Int32)
    }

    /// Where an output of the program goes.
    package enum Output: Sendable {
        /// Kept in memory, up to this many bytes.
        case capture(limit: Int)
        /// A file, made or emptied.
        case file(String)
        /// /dev/null.
        case discard
        /// A descriptor of ours.
        case descriptor(Int32)

        /// Kept in memory, up to 64 MiB.
        package static let capture = Output.capture(limit: 64 << 20)
    }

    /// How a program ended.
    package enum ExitStatus: Sendable, Equatable {
        /// By itself, with this code.
        case exited(Int32)
        /// By this signal.
        case signalled(Int32)
    }

    private struct State {
        var status: ExitStatus?
        var reaped = false
        var stopping = false
        var input: Int32?
    }

    /// The part the waiting thread holds, so that the object itself can go.
    private final class Life: Sendable {
        let pid: pid_t
        let state: NIOLockedValueBox<State>

        init(pid: pid_t, input: Int32?) {
            self.pid = pid
            state = NIOLockedValueBox(State(input: input))
        }

        /// The ended leader stays unreaped, and so its number cannot be given to another group, while members live.
        func wait() {
            var info = siginfo_t()
            while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) != 0 {
                guard errno == EINTR else { return }
            }
            // si_code and si_status, where all 64-bit Linux has them; in the header they are macros Swift cannot see.
            let (code, value) = withUnsafeBytes(of: &info) {
                ($0.load(fromByteOffset: 8, as: Int32.self), $0.load(fromByteOffset: 24, as: Int32.self))
            }
            let alone = !ProcessTable.all().contains { $0.group == pid && $0.pid != pid }
            state.withLockedValue { state in
                if alone || state.stopping { reap(&state) }
                state.status = code == Int32(CLD_EXITED) ? .exited(value) : .signalled(value)
            }
        }

        func signal(_ signal: Int32, group: Bool) -> Bool {
            state.withLockedValue { $0.reaped ? false : Glibc.kill(group ? -pid : pid, signal) == 0 }
        }

        func stop() {
            state.withLockedValue { state in
                state.stopping = true
                guard !state.reaped else { return }
                Glibc.kill(-pid, SIGKILL)
                if state.status != nil { reap(&state) }
            }
        }

        private func reap(_ state: inout State) {
            guard !state.reaped else { return }
            waitpid(pid, nil, 0)
            state.reaped = true
        }
    }

    /// The program's number, which is its group's too.
    package var pid: pid_t { life.pid }
    /// What it wrote to descriptor 1, when that is captured.
    package let output: OutputCapture?
    /// What it wrote to descriptor 2, when that is captured.
    package let errors: OutputCapture?
    /// The program's path and arguments.
    package let commandLine: String

    private let life: Life

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - program: A path, or a name looked up in PATH and the folders of daemons.
    ///   - environment: Added to this process's own; a nil value removes.
    ///   - passing: Descriptors the program gets from 3 on, as systemd passes sockets; they stay open here.
    ///   - activated: Sets `LISTEN_FDS` to the number of `passing` and `LISTEN_PID` to the program's own number.
    package init(
        _ program: String, _ arguments: [String] = [], environment: [String: String?] = [:], folder: String? = nil,
        input: Input = .null, output: Output = .capture, errors: Output = .capture, passing: [Int32] = [],
        activated: Bool = false
    ) throws {
        _ = Self.brokenPipesIgnored
        var path = try Spawn.locate(program)
        var arguments = arguments
        commandLine = ([path] + arguments).joined(separator: " ")
        var variables = ProcessInfo.processInfo.environment
        for (name, value) in environment { variables[name] = value }
        if activated {
            // Only the program itself knows its number; a shell that becomes the program can say it.
            variables["LISTEN_FDS"] = String(passing.count)
            arguments = ["-c", "LISTEN_PID=$$ exec \"$0\" \"$@\"", path] + arguments
            path = "/bin/sh"
        }
        let ends = try Ends(input: input, output: output, errors: errors)
        defer { ends.closeTheirs() }
        let pid: pid_t
        do {
            pid = try Spawn(
                program: path, arguments: arguments, environment: variables, folder: folder,
                descriptors: ends.theirs + passing)()
        } catch {
            ends.closeOurs()
            throw error
        }
        let life = Life(pid: pid, input: ends.input)
        self.life = life
        self.output = ends.output.map { OutputCapture(reading: $0, limit: output.limit) }
        self.errors = ends.errors.map { OutputCapture(reading: $0, limit: errors.limit) }
        Thread.detachNewThread { life.wait() }
    }

    deinit {
        life.stop()
        closeInput()
    }

    private static let brokenPipesIgnored: Bool = {
        signal(SIGPIPE, SIG_IGN)
        return true
    }()

    // MARK: Ending

    /// How the program ended; nil while it runs.
    package var exitStatus: ExitStatus? { life.state.withLockedValue { $0.status } }
    /// Whether the program runs (or is stopped by SIGSTOP).
    package var isRunning: Bool { exitStatus == nil }

    /// Waits for the program's end and for the end of its captured outputs.
    @discardableResult
    package func waitUntilExit(
        within limit: Duration = .seconds(60), fileID: String = #fileID, line: Int = #line
    ) async throws -> ExitStatus {
        let status = try await eventually(
            within: limit, valueOf: "end of \(commandLine)", fileID: fileID, line: line
        ) { self.exitStatus }
        // A child that goes on may hold an output open for ever; what the program itself wrote is there long before.
        try? await eventually(within: .seconds(2), "end of the outputs of \(commandLine)") {
            (self.output?.ended ?? true) && (self.errors?.ended ?? true)
        }
        return status
    }

    /// Sends a signal to the program alone; false when it has ended.
    @discardableResult
    package func send(signal: Int32) -> Bool { life.signal(signal, group: false) }
    /// Sends a signal to the program and its children.
    @discardableResult
    package func sendToGroup(signal: Int32) -> Bool { life.signal(signal, group: true) }
    /// SIGTERM to the program.
    package func terminate() { send(signal: SIGTERM) }
    /// SIGKILL to the program alone; its children go on.
    package func kill() { send(signal: SIGKILL) }
    /// SIGSTOP to the program and its children.
    package func pause() { sendToGroup(signal: SIGSTOP) }
    /// SIGCONT to the program and its children.
    package func resume() { sendToGroup(signal: SIGCONT) }
    /// SIGKILL to the program and all its children, at once.
    package func stop() { life.stop() }

    // MARK: Input and output

    /// Writes to the program's input, as fast as it reads; only with `.pipe`.
    package func write(_ bytes: [UInt8], within limit: Duration = .seconds(60)) async throws {
        var rest = bytes[...]
        try await eventually(within: limit, "\(commandLine) reads its input") {
            while !rest.isEmpty {
                let (count, code) = self.life.state.withLockedValue { state -> (Int, Int32) in
                    guard let input = state.input else { return (-1, EBADF) }
                    let count = rest.withUnsafeBytes { Glibc.write(input, $0.baseAddress, $0.count) }
                    return (count, errno)
                }
                guard count >= 0 else {
                    guard code == EAGAIN || code == EINTR else {
                        throw SystemError("write to \(self.commandLine)", code: code)
                    }
                    return false
                }
                rest = rest.dropFirst(count)
            }
            return true
        }
    }

    /// Writes text to the program's input.
    package func write(_ text: String) async throws { try await write(Array(text.utf8)) }

    /// Closes the program's input; harmless when it is closed.
    package func closeInput() {
        life.state.withLockedValue { state in
            if let input = state.input { close(input) }
            state.input = nil
        }
    }

    /// Waits for a line on either captured output that contains `text`, and gives it.
    ///
    /// Fails at once when the program has ended without it, and says what it wrote.
    @discardableResult
    package func waitForLine(
        containing text: String, within limit: Duration = .seconds(20), fileID: String = #fileID, line: Int = #line
    ) async throws -> String {
        do {
            return try await eventually(within: limit, valueOf: "a line with “\(text)”", fileID: fileID, line: line) {
                let over = !self.isRunning && (self.output?.ended ?? true) && (self.errors?.ended ?? true)
                for capture in [self.output, self.errors] {
                    if let line = capture?.line(containing: text, from: 0) { return line }
                }
                if over { throw TimedOut(description: "\(fileID):\(line): it ended without a line with “\(text)”") }
                return nil
            }
        } catch let error as TimedOut {
            throw TimedOut(description: "\(error.description)\n\(report)")
        }
    }

    /// The command, how it stands, and the end of what it wrote: for messages of failed tests.
    package var report: String {
        let last = ((output?.lines ?? []).suffix(20) + (errors?.lines ?? []).suffix(40)).joined(separator: "\n  ")
        return "\(commandLine): \(exitStatus.map { "\($0)" } ?? "running")\n  \(last)"
    }

    // MARK: Use of resources

    /// Resident memory in bytes, of the program and all its descendants or of it alone.
    package func residentMemory(withChildren: Bool = false) -> Int { sum("VmRSS", withChildren) }
    /// The most resident memory each ever had, in bytes, added up.
    package func peakResidentMemory(withChildren: Bool = false) -> Int { sum("VmHWM", withChildren) }
    /// How many descriptors the program has open.
    package var openDescriptors: Int { ProcessTable.openDescriptors(of: pid) }
    /// The program's children.
    package var children: [pid_t] { ProcessTable.children(of: pid) }

    private func sum(_ field: String, _ withChildren: Bool) -> Int {
        (withChildren ? ProcessTable.family(of: pid) : [pid]).reduce(0) {
            $0 + (ProcessTable.bytes(field, of: $1) ?? 0)
        }
    }
}
