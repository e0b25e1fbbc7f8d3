import Foundation
import TestSupport

/// One thread of another process, held as a debugger holds it, while the rest of the process goes on.
final class StoppedThread: Sendable {
    private let debugger: ManagedProcess

    /// Whether this user may do so.
    static let isAllowed: Bool =
        geteuid() == 0 && access("/usr/bin/python3", X_OK) == 0

    // ptrace(2) cannot be called from Swift. 0x4206: seize, 0x4207: interrupt, 17: detach.
    private static let program = """
        import ctypes, os, sys
        libc = ctypes.CDLL(None, use_errno=True)
        thread = int(sys.argv[1])
        def call(what):
            if libc.ptrace(ctypes.c_long(what), ctypes.c_long(thread), None, None) != 0:
                sys.exit("ptrace: " + os.strerror(ctypes.get_errno()))
        call(0x4206)
        call(0x4207)
        os.waitpid(thread, 0x40000000)
        print("held", flush=True)
        sys.stdin.read()
        call(17)
        """

    /// Holds the thread with this number.
    init(_ thread: pid_t) async throws {
        debugger = try ManagedProcess("/usr/bin/python3", ["-c", Self.program, "\(thread)"], input: .pipe)
        try await debugger.waitForLine(containing: "held")
    }

    /// Lets it go on.
    func resume() async throws {
        debugger.closeInput()
        try await debugger.waitUntilExit()
    }

    /// The numbers of a process's threads whose name begins like this.
    static func threads(of pid: pid_t, named prefix: String) throws -> [pid_t] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task").compactMap(pid_t.init).filter {
            (try? String(contentsOfFile: "/proc/\(pid)/task/\($0)/comm", encoding: .utf8))?.hasPrefix(prefix) == true
        }
    }
}
