internal import Foundation

/// Starts this program again, from whatever lies where it lay, with the sockets of this process.
enum Successor {
    /// Why none was started.
    struct Failure: Error { let sentence: String }

    /// What it gets, with the descriptors that it is to have.
    struct Passed {
        var kind: Handover.Kind
        var address: String
        var descriptors: [Int32]
    }

    /// Starts it with the arguments and the environment of this process.
    ///
    /// - Parameters:
    ///   - link: its end of the line between us.
    ///   - environment: variables that this process has removed from its own, and that one needs.
    /// - Returns: its number.
    static func start(_ sockets: [Passed], link: Int32, environment more: [String: String]) throws(Failure) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var copies: [Int32] = []
        defer { for copy in copies { close(copy) } }
        var next: Int32 = 3
        // Copies out of the way first: what is put in place must not be what is still to be put elsewhere.
        func pass(_ descriptor: Int32) throws(Failure) -> Int32 {
            let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 300)
            guard copy >= 0 else { throw Failure(sentence: "no descriptors are left: \(text(errno))") }
            copies.append(copy)
            posix_spawn_file_actions_adddup2(&actions, copy, next)
            defer { next += 1 }
            return next
        }
        let linkNumber = try pass(link)
        var lines = ["link \(linkNumber)"]
        for socket in sockets {
            var numbers: [String] = []
            for descriptor in socket.descriptors {
                let number = try pass(descriptor)
                numbers.append("\(number)")
            }
            lines.append("\(socket.kind.rawValue) \(numbers.joined(separator: ",")) \(socket.address)")
        }
        keepToOurselves()

        var environment = ProcessInfo.processInfo.environment.merging(more) { $1 }
        for name in ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"] { environment[name] = nil }
        environment[Handover.variable] = lines.joined(separator: "\n")
        var arguments = CommandLine.arguments.map { strdup($0) } + [nil]
        var variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in arguments + variables { free(text) } }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))

        var process: pid_t = 0
        let error = posix_spawnp(
            &process, CommandLine.arguments.first ?? "longwired", &actions, &attributes, &arguments, &variables)
        guard error == 0 else {
            throw Failure(sentence: "\(CommandLine.arguments.first ?? "longwired") cannot be started: \(text(error))")
        }
        return process
    }

    /// Of our other descriptors the new process gets none, whoever opened them.
    private static func keepToOurselves() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? [] {
            if let descriptor = Int32(name), descriptor > 2 { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        }
    }

    /// Ends a process that was started in vain, and waits for it.
    static func end(_ process: pid_t) {
        var status: Int32 = 0
        // It mostly ends by itself, having said why.
        for _ in 0..<100 {
            if waitpid(process, &status, WNOHANG) != 0 { return }
            usleep(20_000)
        }
        kill(process, SIGKILL)
        waitpid(process, &status, 0)
    }

    private static func text(_ error: Int32) -> String { String(cString: strerror(error)) }
}
