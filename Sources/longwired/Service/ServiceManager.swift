internal import Foundation
internal import Logging
internal import NIOCore
internal import Synchronization

/// The service manager that started this process (systemd, or what speaks its protocol), and what it is told.
///
/// The daemon calls each method at the moment it is named after; without a manager they do nothing. All may be called
/// from anywhere. What is told at a moment waits until the manager takes it, as it must not get lost: not to be called
/// on an event loop. ``beat()`` and ``status(_:)`` never wait, and are called there.
struct ServiceManager: Sendable {
    private let socket: NotifySocket?
    private let logger: Logger
    /// How often the manager wants to hear that the process lives, halved; nil when it does not.
    let heartbeat: TimeAmount?
    /// What the manager left in the environment of this process, for one that takes over from it.
    let environment: [String: String]
    private let state = State()

    /// Whether another process is the service now, and nothing this one says counts.
    private final class State: Sendable { let isRetired = Atomic(false) }

    /// Reads what the manager left in the environment, and removes it from there: it is meant for this process alone.
    ///
    /// Called once, before anything else runs that may look at the environment.
    init(logger: Logger) {
        self.logger = logger
        let address = Self.take("NOTIFY_SOCKET")
        let watching = Self.take("WATCHDOG_USEC")
        let watchdog = watching.flatMap { Int64($0) }
        let watched = Self.take("WATCHDOG_PID")
        let left = [
            "NOTIFY_SOCKET": address, "WATCHDOG_USEC": watched.map { $0 == "\(getpid())" } ?? true ? watching : nil,
        ]
        environment = left.compactMapValues { $0 }
        socket = address.flatMap { NotifySocket($0) }
        if let address, socket == nil {
            logger.warning(
                "the service manager cannot be told anything: NOTIFY_SOCKET is no path and no abstract socket",
                metadata: ["NOTIFY_SOCKET": "\(address)"])
        }
        let isOurs = watched.map { $0 == "\(getpid())" } ?? true
        if socket != nil, isOurs, let watchdog, watchdog > 1 {
            heartbeat = .microseconds(watchdog / 2)
        } else {
            heartbeat = nil
        }
    }

    private static func take(_ name: String) -> String? {
        defer { unsetenv(name) }
        return getenv(name).map { String(cString: $0) }
    }

    /// Whether anybody listens.
    var isPresent: Bool { socket != nil }

    // MARK: Moments

    /// Every listener accepts connections.
    func started(_ status: String) { tell("READY=1", status) }

    /// A signal asked for the configuration to be read again, and nothing of it was looked at yet.
    func reloading() {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        let microseconds = Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1_000
        tell("RELOADING=1\nMONOTONIC_USEC=\(microseconds)", "Reading the configuration again")
    }

    /// The new configuration is in force, or the old one still is; `status` says which.
    func reloaded(_ status: String) { tell("READY=1", status) }

    /// The process comes to its end, and may take as long as `limit` for it.
    ///
    /// The manager's own limit is prolonged where it is shorter, with ten seconds for what follows a drain.
    func stopping(within limit: TimeAmount, _ status: String) {
        let microseconds = limit.nanoseconds / 1_000 + 10_000_000
        tell("STOPPING=1\nEXTEND_TIMEOUT_USEC=\(microseconds)", status)
    }

    /// Another process is the service from now on; what this one says any more is for nobody.
    func succeeded(by process: Int32) {
        say("MAINPID=\(process)", waits: true)
        state.isRetired.store(true, ordering: .relaxed)
    }

    // MARK: In between

    /// How the process stands, as a line for people.
    func status(_ text: String) { say("STATUS=\(Self.line(text))", waits: false) }

    /// All event loops answer.
    func beat() { say("WATCHDOG=1", waits: false) }

    private func tell(_ state: String, _ status: String) {
        say("\(state)\nSTATUS=\(Self.line(status))", waits: true)
    }

    /// The protocol's lines end with a line feed, so a text has none.
    private static func line(_ text: String) -> String {
        String(text.prefix(1_000).map { $0.isNewline ? " " : $0 })
    }

    private func say(_ message: String, waits: Bool) {
        guard let socket, !state.isRetired.load(ordering: .relaxed) else { return }
        do { try socket.send(message, waits: waits) } catch {
            logger.warning(
                "the service manager was not told",
                metadata: ["message": "\(message.split(separator: "\n").first ?? "")", "error": "\(error)"])
        }
    }
}
