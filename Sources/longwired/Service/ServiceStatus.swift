internal import LongwireServer
internal import NIOCore

/// How longwired stands, as the line that `systemctl status` shows.
struct ServiceStatus: Sendable {
    let mount: Mount

    /// While it serves, or while a drain goes on.
    var line: String {
        let sessions = mount.sessionCount
        let counted = sessions == 1 ? "1 session" : "\(sessions) sessions"
        if mount.isDraining { return "Draining: \(counted) left" }
        return "\(counted) at \(mount.configuration.path); servlets: \(mount.servletNames.joined(separator: ", "))"
    }
}
