#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The environment of the process, by name.
enum Environment {
    /// The value of a variable, or nil.
    ///
    /// Read while starting, when nothing changes the environment.
    static func value(_ name: String) -> String? {
        guard let value = getenv(name) else { return nil }
        return String(cString: value)
    }

    /// The identifier of this process, as LISTEN_PID names it.
    static var processID: Int { Int(getpid()) }
}
