internal import FastCGI
internal import LongwireServer
internal import Logging
internal import NIOCore

/// What the FastCGI listeners take where nobody says otherwise.
enum FastCGILimits {
    static let connections = FastCGIConfiguration().maximumConnections
}

extension Setting {
    /// Every key but `servlets`, in the order of the file.
    static let all: [Setting] =
        general + secureListening + browsers + access + jwt + sessions + bundles + limits + clientLimits
        + drain + log

    /// Why nothing can be listened at there; nil where it can.
    private static func complaint(aboutAddress text: String) -> String? {
        do { _ = try BindAddress(parsing: text) } catch { return "\(error)" }
        return nil
    }

    private static let general: [Setting] = [
        Setting(
            path: "mount", flag: "mount", unit: "path", about: "The URL path that everything is below; / for all.",
            isFixed: true,
            read: { settings, text in
                settings.mount = text
                return nil
            }, show: { [$0.mount] }),
        .addresses(
            "listen.fastcgi", flag: "fastcgi", \.fastCGI, example: "127.0.0.1:9000",
            "FastCGI for a web server at HOST:PORT, unix:PATH[?mode=0660&owner=U&group=G], fd:0 or systemd[:NAME].",
            check: { complaint(aboutAddress: $0) }),
        .addresses(
            "listen.http", flag: "http", \.http, example: "127.0.0.1:8080",
            "HTTP at HOST:PORT, unix:PATH[?mode=0660] or systemd[:NAME].",
            check: { text in
                if text.hasPrefix("unix:") { return complaint(aboutAddress: text) }
                guard HostAndPort(text) == nil, !HostAndPort.isPassed(text) else { return nil }
                return "\(text): write HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080, or unix:PATH"
            }),
        .addresses(
            "listen.tcp", flag: "tcp", \.tcp, example: "0.0.0.0:9001",
            "Bare TCP at HOST:PORT or systemd[:NAME], past web logins.",
            check: { text in
                guard HostAndPort(text) == nil, !HostAndPort.isPassed(text) else { return nil }
                return "\(text): write HOST:PORT, such as 0.0.0.0:9001 or [::]:9001"
            }),
        Setting(
            path: "listen.tcp-offer", flag: "tcp-offer", unit: "port",
            about: "The port that clients over HTTP are told to try; the TCP listener's own if not named, 0 for none.",
            example: "9001", isFixed: true, isRare: true,
            read: { settings, text in
                guard let port = SettingValue.number(text), (0...65535).contains(port) else {
                    return outside(0...65535, text)
                }
                settings.tcpOffer = port
                return nil
            }, show: { $0.tcpOffer.map { ["\($0)"] } ?? [] }),
        .file(
            "listen.tcp-certificate", flag: "tcp-certificate", \.tcpCertificate,
            example: "/etc/longwire/certificate.pem",
            "The certificates (PEM) for clients that come to bare TCP from an https URL; read again on SIGHUP."),
        .file(
            "listen.tcp-key", flag: "tcp-key", \.tcpKey, example: "/etc/longwire/key.pem",
            "The private key (PEM) of that certificate; read again on SIGHUP."),
    ]

    private static let browsers: [Setting] = [
        Setting(
            path: "origins", flag: "origin", unit: "origin",
            about: "Other sites whose pages may use longwired from a browser, or * for every one.",
            example: "https://example.org", form: .list, isRare: true,
            read: { settings, text in
                if let sentence = MountConfiguration.complaint(aboutOrigin: text) { return sentence }
                guard !settings.allowedOrigins.contains(text) else { return "\(text) is given twice" }
                settings.allowedOrigins.append(text)
                return nil
            }, clear: { $0.allowedOrigins = [] }, show: { $0.allowedOrigins })
    ]

    private static let sessions: [Setting] = [
        .time(
            "session.heartbeat", flag: "heartbeat", \.session.heartbeat, isRare: false,
            "The longest silence of either direction; a line silent for 2.5 of these is given up."),
        .choice(
            "session.heartbeat-mode", flag: "heartbeat-mode", \.session.heartbeatMode,
            "Whether a heartbeat is sent after silence only, or at every interval whatever else was sent."),
        .time(
            "session.resume-time", flag: "resume-time", \.session.resumeTime, isRare: false,
            "How long a session outlives its line; 0s ends it with the line."),
        .size(
            "session.message-limit", flag: "message-limit", \.session.messageLimit, isRare: false,
            "The greatest message that is taken."),
        .size(
            "session.window", flag: "window", \.window,
            "What may wait for a session's reader in each direction."),
        .time(
            "session.time-to-open", flag: "time-to-open", \.session.timeToOpen,
            "How long a client may take from the head of its request to its first frame."),
        .time(
            "session.linger", flag: "linger", \.session.linger,
            "How long a closed session waits for the client's answer, where resume-time is shorter."),
        .time(
            "session.close-wait", flag: "close-wait", \.session.closeWait,
            "How long the end of a session waits behind messages that its client does not take."),
        .time(
            "session.acknowledge-delay", flag: "acknowledge-delay", \.session.acknowledgeDelay, upTo: .seconds(10),
            "How long an acknowledgement waits for company."),
        .time(
            "session.greatest-age", flag: "greatest-age", \.session.greatestAge,
            "After how long a client moves its session to another transaction; 0s for never."),
        .size(
            "session.greatest-size", flag: "greatest-size", \.session.greatestSize, upTo: 1 << 50,
            "After how much a client moves its session to another transaction; 0 for never."),
        .size(
            "session.allowance", flag: "allowance", \.session.allowanceBytes,
            "What a client may have on its way to longwired over a unix socket or another machine."),
        .number(
            "session.allowance-writes", flag: "allowance-writes", \.session.allowancePieces, 0...1_000_000,
            "In how many writes that may be; 0 for any number, else 8 or more."),
        .size(
            "session.loopback-allowance", flag: "loopback-allowance", \.session.allowanceBytesLoopback,
            "What a client may have on its way where the web server uses TCP on this machine."),
    ]

    private static let bundles: [Setting] = [
        .size(
            "session.bundle", flag: "bundle", \.session.bundleBytes,
            "The greatest bundle: what one answer of poll carries."),
        .number(
            "session.bundle-messages", flag: "bundle-messages", \.session.bundleMessages, 1...1_000_000,
            "The messages that make a bundle, which waits no longer."),
        .time(
            "session.bundle-delay", flag: "bundle-delay", \.session.bundleDelay, upTo: .seconds(10),
            "How long an answer of poll waits for a bundle once it has something to carry; 0s for not at all."),
        .time(
            "session.hold", flag: "hold", \.session.pollHold,
            "How long a request of poll is held that has nothing to be answered with; at most the heartbeat."),
        .time(
            "session.repeat-time", flag: "repeat-time", \.session.repeatTime, upTo: .minutes(1),
            "The least time after which what an answer of poll carried goes again."),
        .number(
            "session.requests", flag: "requests", \.session.pollRequests, 1...8,
            "How many requests of one session over poll there may be; the oldest is answered when they are so many."),
        .choice(
            "session.checksum", flag: "checksum", \.checksum,
            "Whether messages carry checksums where a client over plain HTTP wishes for them."),
    ]

    private static let limits: [Setting] = [
        .number(
            "limits.sessions", flag: "sessions", \.sessions, 1...10_000_000, isRare: false,
            "The greatest number of sessions at a time."),
        .number(
            "limits.connections", flag: "connections", \.connections, 1...10_000_000, isFixed: true,
            "The greatest number of FastCGI connections, and of requests on them, at a time."),
        .number(
            "limits.remembered-endings", flag: "remembered-endings", \.rememberedEndings, 0...10_000_000,
            isFixed: true, "How many ended sessions are remembered for clients that missed the end."),
        .time(
            "limits.slow-servlet", flag: "slow-servlet", \.slowServlet, isFixed: true,
            "A built-in servlet that holds its event loop for longer is logged."),
    ]

    private static let drain: [Setting] = [
        .time(
            "drain.window", flag: "drain-window", \.drainWindow,
            "Over how long a drain spreads its advice to come to an end."),
        .time(
            "drain.limit", flag: "drain-limit", \.drainLimit, isRare: false,
            "After how long a drain cuts who has not."),
    ]

    private static let log: [Setting] = [
        .choice("log.level", flag: "log-level", \.logLevel, isRare: false, "From which level on is logged."),
        .choice(
            "log.format", flag: "log-format", \.logFormat, isRare: false,
            "A line of text or one JSON object for each entry."),
        Setting(
            path: "control", flag: "control", unit: "path",
            about: "The operator's socket; where it is not named, its standard place is tried.",
            example: "/run/longwire/control.sock", isFixed: true,
            read: { settings, text in
                settings.control = text
                return nil
            }, show: { $0.control.map { [$0] } ?? [] }),
        Setting(
            path: "loops", flag: "loops", unit: "number",
            about: "Event loops, each a thread; one less than there are cores where it is not named.", example: "4",
            isFixed: true, isRare: true,
            read: { settings, text in
                guard let number = SettingValue.number(text), (1...1024).contains(number) else {
                    return outside(1...1024, text)
                }
                settings.loops = number
                return nil
            }, show: { $0.loops.map { ["\($0)"] } ?? [] }),
    ]
}

/// Where HTTP is served.
struct HostAndPort {
    let host: String
    let port: Int

    /// Whether the socket is one that a service manager passes.
    static func isPassed(_ address: String) -> Bool {
        address == "systemd" || address.hasPrefix("systemd:") && address.count > 8
    }

    /// Nil for what is no HOST:PORT; no host is every IPv4 interface.
    init?(_ address: String) {
        guard let colon = address.lastIndex(of: ":"), let port = UInt16(address[address.index(after: colon)...]) else {
            return nil
        }
        var host = address[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        self.host = host.isEmpty ? "0.0.0.0" : String(host)
        self.port = Int(port)
    }
}
