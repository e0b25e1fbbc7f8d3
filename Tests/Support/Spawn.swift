import Foundation

/// One call of posix_spawn: a program in a process group of its own, with exactly the descriptors given.
struct Spawn {
    var program: String
    var arguments: [String]
    var environment: [String: String]
    var folder: String?
    /// The program's descriptors from 0 on, as descriptors of ours; they stay open here.
    var descriptors: [Int32]

    func callAsFunction() throws -> pid_t {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        // Copies far above the targets, so that no dup2 of the child overwrites a source it still needs.
        let copies = try descriptors.map { descriptor in
            let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 64)
            guard copy >= 0 else { throw SystemError("copy descriptor \(descriptor)") }
            return copy
        }
        defer { copies.forEach { close($0) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let folder { _ = try Self.addChangeOfFolder(&actions, folder) }
        for (target, source) in copies.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, source, Int32(target))
        }
        // Whatever else is open here, the program must not inherit it: a pipe held open by it would never end.
        _ = try Self.addCloseFrom(&actions, Int32(copies.count))

        var pid = pid_t()
        let result = Self.withCStrings([program] + arguments) { arguments in
            Self.withCStrings(environment.map { "\($0.key)=\($0.value)" }) { environment in
                posix_spawn(&pid, program, &actions, &attributes, arguments, environment)
            }
        }
        guard result == 0 else { throw SystemError("start \(program)", code: result) }
        return pid
    }

    // Both are in glibc, but in a part of its headers that Swift does not see, so they are looked up by name.
    private typealias Actions = UnsafeMutablePointer<posix_spawn_file_actions_t>
    private typealias AddCloseFrom = @convention(c) (Actions, Int32) -> Int32
    private typealias AddChangeOfFolder = @convention(c) (Actions, UnsafePointer<CChar>) -> Int32

    private static var addCloseFrom: AddCloseFrom {
        get throws { unsafeBitCast(try symbol("posix_spawn_file_actions_addclosefrom_np"), to: AddCloseFrom.self) }
    }

    private static var addChangeOfFolder: AddChangeOfFolder {
        get throws { unsafeBitCast(try symbol("posix_spawn_file_actions_addchdir_np"), to: AddChangeOfFolder.self) }
    }

    private static func symbol(_ name: String) throws -> UnsafeMutableRawPointer {
        guard let address = dlsym(nil, name) else { throw SystemError("find \(name) in the C library", code: ENOSYS) }
        return address
    }

    private static func withCStrings<Result>(
        _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        var pointers = strings.map { strdup($0) }
        pointers.append(nil)
        defer { pointers.forEach { free($0) } }
        return pointers.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return withUnsafePointer(to: nil) { body($0) } }
            return body(base)
        }
    }

    /// The absolute path of a program: as given when it holds a slash, else from PATH and the folders of daemons.
    static func locate(_ program: String) throws -> String {
        if program.contains("/") { return program }
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let folders =
            path.split(separator: ":").map(String.init) + ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin"]
        guard let folder = folders.first(where: { access("\($0)/\(program)", X_OK) == 0 }) else {
            throw SystemError("find the program \(program)", code: ENOENT)
        }
        return "\(folder)/\(program)"
    }
}
