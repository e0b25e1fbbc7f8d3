internal import Foundation

/// A moment of the calendar, as logs write it: UTC, with milliseconds.
struct WallTime: CustomStringConvertible {
    var seconds: Int
    var milliseconds: Int

    static var now: WallTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return WallTime(seconds: time.tv_sec, milliseconds: time.tv_nsec / 1_000_000)
    }

    var description: String {
        var parts = tm()
        var time = time_t(seconds)
        gmtime_r(&time, &parts)
        let date = "\(parts.tm_year + 1900)-\(Self.digits(parts.tm_mon + 1))-\(Self.digits(parts.tm_mday))"
        let clock = "\(Self.digits(parts.tm_hour)):\(Self.digits(parts.tm_min)):\(Self.digits(parts.tm_sec))"
        return "\(date)T\(clock).\(milliseconds < 100 ? "0" : "")\(milliseconds < 10 ? "0" : "")\(milliseconds)Z"
    }

    private static func digits(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
