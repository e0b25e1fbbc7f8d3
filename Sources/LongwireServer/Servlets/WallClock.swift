#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// The time of day, without Foundation.
enum WallClock {
    /// Seconds since the start of 1970.
    static var seconds: Int { time(nil) }
}
