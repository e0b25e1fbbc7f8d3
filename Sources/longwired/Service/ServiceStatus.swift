internal import LongwireServer
internal import NIOCore

/// How longwired stands, as the line that `systemctl status` shows.
struct ServiceStatus: Sendable {
    let mount: Mount

    /// While it serves, or while a drain goes on.
    var line: String {
        if mount.isDraining { return draining }
        return "\(sessions) at \(mount.configuration.path); servlets: \(mount.servletNames.joined(separator: ", "))"
    }

    /// What a drain has still before it.
    var draining: String { "Draining: \(sessions) left" }

    private var sessions: String {
        let count = mount.sessionCount
        return count == 1 ? "1 session" : "\(count) sessions"
    }
}
