internal import ArgumentParser
internal import Foundation
internal import LongwireServer

/// Which file is read.
struct ConfigOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The configuration file; LONGWIRE_CONFIG names it too.",
            valueName: "file"))
    var config: String?
}

/// The flags of `longwired`: one for each key of ``Setting/all``, all of them texts that ``SettingsLoader`` reads.
struct ServeOptions: ParsableArguments {
    @Option(help: .setting("mount")) var mount: String?
    @Option(help: .setting("listen.fastcgi", "repeatable")) var fastcgi: [String] = []
    @Option(help: .setting("listen.http", "repeatable")) var http: [String] = []
    @Option(help: .setting("listen.tcp", "repeatable")) var tcp: [String] = []

    @Option(
        help: ArgumentHelp(
            "NAME or NAME=KIND, at {mount}/NAME; KIND is \(ServletSpecification.forms); repeatable (default: echo, "
                + "chat and clock).", valueName: "servlet"))
    var servlet: [String] = []

    @Option(
        help: ArgumentHelp(
            "How the programs of --servlet NAME=exec:… tell messages apart: lines, netstring, length or bytes.",
            valueName: "framing", visibility: .hidden))
    var framing: String?

    @Option(help: .setting("origins", "repeatable")) var origin: [String] = []
    @Option(help: .setting("listen.https", "repeatable")) var https: [String] = []
    @Option(help: .setting("access.rule")) var access: String?
    @Option(help: .setting("session.heartbeat")) var heartbeat: String?
    @Option(help: .setting("session.resume-time")) var resumeTime: String?
    @Option(help: .setting("session.message-limit")) var messageLimit: String?
    @Option(help: .setting("session.window")) var window: String?
    @Option(help: .setting("limits.sessions")) var sessions: String?
    @Option(help: .setting("drain.limit")) var drainLimit: String?
    @Option(help: .setting("log.level")) var logLevel: String?
    @Option(help: .setting("log.format")) var logFormat: String?
    @Option(help: .setting("control")) var control: String?

    @Option(help: .setting("session.heartbeat-mode")) var heartbeatMode: String?
    @Option(help: .setting("session.time-to-open")) var timeToOpen: String?
    @Option(help: .setting("session.linger")) var linger: String?
    @Option(help: .setting("session.close-wait")) var closeWait: String?
    @Option(help: .setting("session.acknowledge-delay")) var acknowledgeDelay: String?
    @Option(help: .setting("session.greatest-age")) var greatestAge: String?
    @Option(help: .setting("session.greatest-size")) var greatestSize: String?
    @Option(help: .setting("session.allowance")) var allowance: String?
    @Option(help: .setting("session.allowance-writes")) var allowanceWrites: String?
    @Option(help: .setting("session.loopback-allowance")) var loopbackAllowance: String?
    @Option(help: .setting("listen.tcp-offer")) var tcpOffer: String?
    @Option(help: .setting("listen.tcp-certificate")) var tcpCertificate: String?
    @Option(help: .setting("listen.tcp-key")) var tcpKey: String?
    @Option(help: .setting("listen.https-certificate")) var httpsCertificate: String?
    @Option(help: .setting("listen.https-key")) var httpsKey: String?
    @Option(help: .setting("listen.https-clients")) var httpsClients: String?
    @Option(help: .setting("listen.hosts", "repeatable")) var host: [String] = []
    @Option(help: .setting("access.jwt-issuer")) var jwtIssuer: String?
    @Option(help: .setting("access.jwt-audiences", "repeatable")) var jwtAudience: [String] = []
    @Option(help: .setting("access.jwt-leeway")) var jwtLeeway: String?
    @Option(help: .setting("access.jwt-claim")) var jwtClaim: String?
    @Option(help: .setting("access.trusted-proxies", "repeatable")) var trustedProxy: [String] = []
    @Option(help: .setting("access.forwarded")) var forwarded: String?
    @Option(help: .setting("session.bundle")) var bundle: String?
    @Option(help: .setting("session.bundle-messages")) var bundleMessages: String?
    @Option(help: .setting("session.bundle-delay")) var bundleDelay: String?
    @Option(help: .setting("session.hold")) var hold: String?
    @Option(help: .setting("session.repeat-time")) var repeatTime: String?
    @Option(help: .setting("session.requests")) var requests: String?
    @Option(help: .setting("session.checksum")) var checksum: String?
    @Option(help: .setting("limits.connections")) var connections: String?
    @Option(help: .setting("limits.sessions-per-address")) var sessionsPerAddress: String?
    @Option(help: .setting("limits.sessions-per-user")) var sessionsPerUser: String?
    @Option(help: .setting("limits.openings")) var openings: String?
    @Option(help: .setting("limits.openings-per-address")) var openingsPerAddress: String?
    @Option(help: .setting("limits.buffered")) var buffered: String?
    @Option(help: .setting("limits.idle-time")) var idleTime: String?
    @Option(help: .setting("limits.lifetime")) var lifetime: String?
    @Option(help: .setting("limits.remembered-endings")) var rememberedEndings: String?
    @Option(help: .setting("limits.slow-servlet")) var slowServlet: String?
    @Option(help: .setting("drain.window")) var drainWindow: String?
    @Option(help: .setting("loops")) var loops: String?

    func validate() throws {
        if let framing, ProgramFraming(rawValue: framing) == nil {
            throw ValidationError("--framing \(framing): write lines, netstring, length or bytes")
        }
    }

    /// What reads the settings, now and at every reload.
    func loader(_ file: ConfigOption) -> SettingsLoader {
        var flags: [String: [String]] = [
            "fastcgi": fastcgi, "http": http, "tcp": tcp, "servlet": servlet, "origin": origin,
            "https": https, "host": host, "trusted-proxy": trustedProxy, "jwt-audience": jwtAudience,
        ]
        let texts = [
            "mount": mount, "heartbeat": heartbeat, "resume-time": resumeTime, "message-limit": messageLimit,
            "window": window, "sessions": sessions, "drain-limit": drainLimit, "log-level": logLevel,
            "log-format": logFormat, "control": control, "heartbeat-mode": heartbeatMode, "time-to-open": timeToOpen,
            "linger": linger, "close-wait": closeWait, "acknowledge-delay": acknowledgeDelay,
            "greatest-age": greatestAge, "greatest-size": greatestSize, "allowance": allowance,
            "allowance-writes": allowanceWrites, "loopback-allowance": loopbackAllowance, "connections": connections,
            "remembered-endings": rememberedEndings, "slow-servlet": slowServlet, "drain-window": drainWindow,
            "loops": loops, "tcp-offer": tcpOffer, "tcp-certificate": tcpCertificate, "tcp-key": tcpKey,
            "bundle": bundle, "bundle-messages": bundleMessages, "bundle-delay": bundleDelay, "hold": hold,
            "repeat-time": repeatTime, "requests": requests, "checksum": checksum,
            "https-certificate": httpsCertificate, "https-key": httpsKey, "https-clients": httpsClients,
            "access": access, "forwarded": forwarded, "jwt-issuer": jwtIssuer, "jwt-leeway": jwtLeeway,
            "jwt-claim": jwtClaim,
        ]
        let limits = [
            "sessions-per-address": sessionsPerAddress, "sessions-per-user": sessionsPerUser, "openings": openings,
            "openings-per-address": openingsPerAddress, "buffered": buffered, "idle-time": idleTime,
            "lifetime": lifetime,
        ]
        for (flag, text) in texts.merging(limits, uniquingKeysWith: { $1 }) { flags[flag] = text.map { [$0] } ?? [] }
        return SettingsLoader(
            flags: flags, framing: framing, environment: ProcessInfo.processInfo.environment, file: file.config)
    }
}

extension ArgumentHelp {
    /// What the schema says of a key, with its default.
    fileprivate static func setting(_ path: String, _ more: String...) -> ArgumentHelp {
        guard let setting = Setting.at(path) else { return ArgumentHelp(visibility: .private) }
        let standard = setting.standard.isEmpty ? [] : ["default: \(setting.standard.joined(separator: " "))"]
        let words = setting.unit.contains(",") ? [setting.unit] : []
        let facts = (words + more + standard).joined(separator: "; ")
        let sentence = setting.about.hasSuffix(".") ? String(setting.about.dropLast()) : setting.about
        return ArgumentHelp(
            "\(sentence)\(facts.isEmpty ? "" : " (\(facts))").",
            valueName: setting.unit.contains(",") ? setting.name : String(setting.unit.split(separator: " ")[0]),
            visibility: setting.isRare ? .hidden : .default)
    }
}
