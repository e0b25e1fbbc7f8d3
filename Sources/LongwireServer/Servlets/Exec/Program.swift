#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import Subprocess
internal import SystemPackage

/// A running program and the process group it leads, from its start until its group is gone.
///
/// After its exit it is kept unreaped, so that nobody else can get its number, until ``reap()``: what is sent to the
/// group until then can only meet the group.
final class Program: Sendable {
    /// How a program is started.
    struct Start: Sendable {
        var executable: String
        /// The arguments, with the name the program is called by in front.
        var arguments: [String]
        var environment: [String: String]
        var workingDirectory: String?
        /// The program's ends of its pipes; they are closed here in any case.
        var input: Int32
        var output: Int32
        var errors: Int32
    }

    /// The number of the process, and of its group.
    let pid: pid_t
    /// Succeeds when the program has exited.
    let exited: EventLoopFuture<Void>
    private let status: EventLoopFuture<TerminationStatus>
    private let mayReap: EventLoopPromise<Void>
    private let isReaped = NIOLockedValueBox(false)

    private init(
        pid: pid_t, exited: EventLoopFuture<Void>, status: EventLoopFuture<TerminationStatus>,
        mayReap: EventLoopPromise<Void>
    ) {
        self.pid = pid
        self.exited = exited
        self.status = status
        self.mayReap = mayReap
        RunningGroups.insert(pid)
    }

    /// Starts a program: in a group of its own, with default signals, no descriptors but its three, and the limit on
    /// descriptors that programs are used to.
    ///
    /// - Throws: ``SystemCallFailure``, or what the library says.
    static func start(_ start: Start, on eventLoop: any EventLoop) async throws -> Program {
        let started = eventLoop.makePromise(of: pid_t.self)
        let exited = eventLoop.makePromise(of: Void.self)
        let mayReap = eventLoop.makePromise(of: Void.self)
        let status = eventLoop.makePromise(of: TerminationStatus.self)
        Task {
            // The library leaves them open where it fails, so they are closed here, in either case once.
            let theirs = NIOLockedValueBox([start.input, start.output, start.errors])
            @Sendable func closeTheirs() {
                theirs.withLockedValue { descriptors in
                    for descriptor in descriptors { Pipe.close(descriptor) }
                    descriptors = []
                }
            }
            do {
                let result = try await Subprocess.run(
                    start.configuration,
                    input: .fileDescriptor(FileDescriptor(rawValue: start.input), closeAfterSpawningProcess: false),
                    output: .fileDescriptor(FileDescriptor(rawValue: start.output), closeAfterSpawningProcess: false),
                    error: .fileDescriptor(FileDescriptor(rawValue: start.errors), closeAfterSpawningProcess: false)
                ) { execution in
                    closeTheirs()
                    DescriptorLimits.lower(of: execution.processIdentifier.value)
                    started.succeed(execution.processIdentifier.value)
                    // Signal 0 reaches nobody: all that this does is wait for the exit, which is not reaped yet.
                    await execution.teardown(using: [
                        .send(signal: Signal(rawValue: 0), allowedDurationToNextStep: ever)
                    ])
                    exited.succeed()
                    try await mayReap.futureResult.get()
                }
                status.succeed(result.terminationStatus)
            } catch {
                closeTheirs()
                // Each is told; those that were told of a success before do not mind.
                started.fail(error)
                exited.fail(error)
                mayReap.fail(error)
                status.fail(error)
            }
        }
        do {
            let pid = try await started.futureResult.get()
            return Program(
                pid: pid, exited: exited.futureResult, status: status.futureResult, mayReap: mayReap)
        } catch let error as SubprocessError {
            guard let number = error.underlyingError?.rawValue else { throw error }
            throw SystemCallFailure(number: number)
        }
    }

    /// A hundred years.
    private static let ever = Duration.seconds(100 * 365 * 86_400)

    /// Sends a signal to every process of the group; when it has been reaped, to nobody.
    func signal(_ number: Int32) {
        isReaped.withLockedValue { isReaped in
            if !isReaped { _ = kill(-pid, number) }
        }
    }

    /// Kills what is left of the group, and lets go of its number.
    func reap() async throws -> ProgramEnd {
        isReaped.withLockedValue { isReaped in
            if !isReaped { _ = kill(-pid, SIGKILL) }
            isReaped = true
        }
        RunningGroups.remove(pid)
        mayReap.succeed()
        switch try await status.get() {
        case .exited(let code): return .exited(Int32(code))
        case .signaled(let number): return .killed(by: Int32(number))
        }
    }

    deinit {
        // Who forgot to reap must not keep the library waiting.
        if !isReaped.withLockedValue({ $0 }) { mayReap.succeed() }
    }
}

/// How a program came to its end.
enum ProgramEnd: Equatable {
    case exited(Int32)
    case killed(by: Int32)
}

extension Program.Start {
    fileprivate var configuration: Configuration {
        var options = PlatformOptions()
        options.processGroupID = 0
        var variables: [Environment.Key: String] = [:]
        for (name, value) in environment {
            if let key = Environment.Key(rawValue: name) { variables[key] = value }
        }
        return Configuration(
            executable: .path(FilePath(executable)),
            arguments: Arguments(
                executablePathOverride: arguments.first, remainingValues: Array(arguments.dropFirst())),
            environment: .custom(variables), workingDirectory: workingDirectory.map { FilePath($0) },
            platformOptions: options)
    }
}
