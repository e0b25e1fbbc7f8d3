internal import FastCGI
internal import Foundation
internal import LongwireServer
internal import Logging
internal import NIOCore

/// The sockets of everything that one longwired listens at, before it accepts anything: all of them, or a sentence.
///
/// Those of the process that it takes over from are taken for the same addresses, as they are written in the
/// configuration; the others are opened.
struct OpenedSockets {
    struct Place {
        var address: String
        var sockets: [ListeningSocket]
    }

    private(set) var fastCGI: [Place] = []
    private(set) var http: [Place] = []
    private(set) var https: [Place] = []
    private(set) var tcp: [Place] = []
    private(set) var control: (path: String, socket: ListeningSocket)?

    /// Whether another process goes on with them where it comes to no serving here.
    private let isSuccessor: Bool

    init(
        _ settings: Settings, handover: inout Handover?, group: any EventLoopGroup, logger: Logger
    ) async throws {
        isSuccessor = handover != nil
        do {
            for address in Self.fastCGIAddresses(settings, handover) {
                fastCGI.append(try Self.open(.fastcgi, address, "FastCGI", settings, &handover))
            }
            for address in settings.http { http.append(try Self.open(.http, address, "HTTP", settings, &handover)) }
            for address in settings.https { https.append(try Self.open(.https, address, "HTTPS", settings, &handover)) }
            for address in settings.tcp { tcp.append(try Self.open(.tcp, address, "TCP", settings, &handover)) }
            control = try await Self.openControl(settings.control, &handover, group: group, logger: logger)
        } catch {
            discard()
            throw error
        }
    }

    /// Closes all, where it comes to no serving; files that another process may use stay.
    func discard() {
        for socket in (fastCGI + http + https + tcp).flatMap(\.sockets) {
            if isSuccessor { socket.release() } else { socket.discard() }
        }
        guard let control else { return }
        control.socket.release()
        if !isSuccessor { unlink(control.path) }
    }

    private static func open(
        _ kind: Handover.Kind, _ address: String, _ name: String, _ settings: Settings, _ handover: inout Handover?
    ) throws -> Place {
        do {
            let parsed = try BindAddress(parsing: address)
            if let descriptors = handover?.take(kind, address) {
                return Place(address: address, sockets: try parsed.takeOver(descriptors))
            }
            return Place(address: address, sockets: try parsed.open())
        } catch {
            if kind == .fastcgi, settings.fastCGI.isEmpty, address == "fd:0" {
                throw StartFailure(
                    "nothing to listen at: say --http 127.0.0.1:8080, or --fastcgi 127.0.0.1:9000 behind a web "
                        + "server (descriptor 0 is no listening socket either: \(error))")
            }
            throw StartFailure("cannot serve \(name) at \(address): \(error)")
        }
    }

    /// What was asked for, or what the process was started with.
    private static func fastCGIAddresses(_ settings: Settings, _ handover: Handover?) -> [String] {
        if !settings.fastCGI.isEmpty { return settings.fastCGI }
        if !(settings.http + settings.https + settings.tcp).isEmpty { return [] }
        if let handover { return handover.has(.fastcgi, "systemd") ? ["systemd"] : ["fd:0"] }
        return [ProcessInfo.processInfo.environment["LISTEN_FDS"] != nil ? "systemd" : "fd:0"]
    }

    /// The operator's socket: where it was asked for it must open, at its standard place it may not.
    private static func openControl(
        _ named: String?, _ handover: inout Handover?, group: any EventLoopGroup, logger: Logger
    ) async throws -> (String, ListeningSocket)? {
        let path = named ?? ControlOption.standard
        if let descriptor = handover?.take(.control, path)?.first {
            return (path, ListeningSocket(passed: descriptor))
        }
        do {
            if named == nil {
                let folder = (path as NSString).deletingLastPathComponent
                try FileManager.default.createDirectory(
                    atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
            }
            return (path, try await OperatorSocket.open(path: path, on: group))
        } catch {
            if named != nil { throw StartFailure("cannot open the operator's socket at \(path): \(error)") }
            logger.info("no operator's socket", metadata: ["path": "\(path)", "error": "\(error)"])
            return nil
        }
    }
}

/// Why longwired did not start, as a sentence.
struct StartFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
