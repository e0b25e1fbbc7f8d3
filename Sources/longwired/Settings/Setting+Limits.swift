internal import LongwireServer
internal import NIOCore

extension Setting {
    /// How much clients may ask for; 0 is no limit (Docs/limits.md).
    static let clientLimits: [Setting] = [
        .number(
            "limits.sessions-per-address", flag: "sessions-per-address", \.limits.perAddress, 0...10_000_000,
            "The greatest number of sessions of one address, or IPv6 /64, at a time; 0 for no limit."),
        .number(
            "limits.sessions-per-user", flag: "sessions-per-user", \.limits.perPrincipal, 0...10_000_000,
            "The greatest number of sessions of one user at a time; 0 for no limit."),
        .number(
            "limits.openings", flag: "openings", \.limits.openingRate, 0...10_000_000,
            "How many sessions may open a second, ten times as many at once; 0 for no limit."),
        .number(
            "limits.openings-per-address", flag: "openings-per-address", \.limits.openingRatePerAddress, 0...10_000_000,
            "The same of one address, or IPv6 /64; 0 for no limit."),
        .size(
            "limits.buffered", flag: "buffered", \.limits.buffered, upTo: 1 << 50,
            "The most that waits in all sessions together; 0 for no limit."),
        .time(
            "limits.idle-time", flag: "idle-time", \.limits.idleTime,
            "After how long without a message a session is ended; 0s for never."),
        .time(
            "limits.lifetime", flag: "lifetime", \.limits.lifetime,
            "After how long a session is ended in any case; 0s for never."),
    ]
}
