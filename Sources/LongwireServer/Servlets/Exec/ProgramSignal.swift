#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif
internal import LongwireSession

/// Signals by number and name.
enum ProgramSignal {
    static let terminate = SIGTERM
    static let kill = SIGKILL

    private static let names: [Int32: String] = [
        SIGHUP: "SIGHUP", SIGINT: "SIGINT", SIGQUIT: "SIGQUIT", SIGILL: "SIGILL", SIGTRAP: "SIGTRAP",
        SIGABRT: "SIGABRT", SIGBUS: "SIGBUS", SIGFPE: "SIGFPE", SIGKILL: "SIGKILL", SIGUSR1: "SIGUSR1",
        SIGSEGV: "SIGSEGV", SIGUSR2: "SIGUSR2", SIGPIPE: "SIGPIPE", SIGALRM: "SIGALRM", SIGTERM: "SIGTERM",
        SIGXCPU: "SIGXCPU", SIGXFSZ: "SIGXFSZ", SIGSYS: "SIGSYS",
    ]

    static func name(_ number: Int32) -> String { names[number].map { "\(number) (\($0))" } ?? "\(number)" }
}

extension ServletFailure {
    /// What a program's end is to the client; nil for a good one.
    ///
    /// - Parameter why: why we had ended it, where we had.
    init?(_ end: ProgramEnd, why: String?) {
        let because = why.map { "; it was told to end because \($0)" } ?? ""
        switch end {
        case .exited(0): return nil
        case .exited(let status):
            self.init(ExecCode.exited(status), reason: "the program ended with exit status \(status)\(because)")
        case .killed(let signal):
            self.init(
                ExecCode.killed(by: signal),
                reason: "the program was killed by signal \(ProgramSignal.name(signal))\(because)")
        }
    }
}
