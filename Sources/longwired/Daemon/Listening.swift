internal import FastCGI
internal import Foundation
internal import LongwireServer
internal import Logging
internal import NIOCore

/// Everything that one longwired listens at.
struct Listening {
    private var fastCGI: [FastCGIListener] = []
    private var http: [HTTPListener] = []
    private var tcp: [TCPListener] = []
    private var control: OperatorSocket?

    init(
        _ settings: Settings, certificates: ListenerCertificates, mount: Mount, group: any EventLoopGroup,
        logger: Logger
    ) async throws {
        var limits = FastCGIConfiguration()
        limits.maximumConnections = settings.connections
        limits.maximumOpenRequests = settings.connections
        let server = mount.fastCGIServer(configuration: limits)
        for address in try Self.fastCGIAddresses(settings) {
            do {
                let listener = try await server.bind(to: address, on: group)
                fastCGI.append(listener)
                for local in listener.localAddresses {
                    logger.notice("FastCGI", metadata: ["address": "\(Self.written(local))"])
                }
            } catch {
                if settings.fastCGI.isEmpty, address == .descriptor(0) {
                    throw StartFailure(
                        "nothing to listen at: say --http 127.0.0.1:8080, or --fastcgi 127.0.0.1:9000 behind a web "
                            + "server (descriptor 0 is no listening socket either: \(error))")
                }
                throw StartFailure("cannot serve FastCGI at \(address): \(error)")
            }
        }
        let plain = settings.http.map { ($0, "HTTP", nil as ListenerCertificate?) }
        for (address, name, certificate) in plain + settings.https.map({ ($0, "HTTPS", certificates.https) }) {
            guard let place = HostAndPort(address) else { continue }
            do {
                let listener = try await HTTPListener.bind(
                    host: place.host, port: place.port, mount: mount, on: group, certificate: certificate,
                    hosts: settings.hosts)
                http.append(listener)
                if let local = listener.localAddress {
                    logger.notice("\(name)", metadata: ["address": "\(Self.written(local))"])
                }
            } catch {
                throw StartFailure("cannot serve \(name) at \(address): \(error)")
            }
        }
        for address in settings.tcp {
            guard let place = HostAndPort(address) else { continue }
            // Clients know one port of a host.
            let isFirst = address == settings.tcp.first
            let offer: TCPListener.Offer =
                switch settings.tcpOffer {
                case nil: isFirst ? .ownPort : .nothing
                case 0?: .nothing
                case let port?: isFirst ? .port(port) : .nothing
                }
            do {
                let listener = try await TCPListener.bind(
                    host: place.host, port: place.port, mount: mount, on: group, certificate: certificates.tcp,
                    offer: offer)
                tcp.append(listener)
                if let local = listener.localAddress {
                    logger.notice("TCP", metadata: ["address": "\(Self.written(local))"])
                }
            } catch {
                throw StartFailure("cannot serve TCP at \(address): \(error)")
            }
        }
        control = try await Self.openControl(settings.control, mount: mount, group: group, logger: logger)
        logger.notice(
            "serving",
            metadata: [
                "mount": "\(mount.configuration.path)", "servlets": "\(mount.servletNames.joined(separator: " "))",
            ])
    }

    /// An address as it is written in a configuration.
    private static func written(_ address: SocketAddress) -> String {
        if let path = address.pathname, address.protocol == .unix { return "unix:\(path)" }
        let host = address.ipAddress ?? "?"
        return "\(host.contains(":") ? "[\(host)]" : host):\(address.port ?? 0)"
    }

    /// What was asked for, or what the process was started with.
    private static func fastCGIAddresses(_ settings: Settings) throws -> [BindAddress] {
        if !settings.fastCGI.isEmpty { return try settings.fastCGI.map { try BindAddress(parsing: $0) } }
        if !settings.http.isEmpty || !settings.https.isEmpty || !settings.tcp.isEmpty { return [] }
        if ProcessInfo.processInfo.environment["LISTEN_FDS"] != nil { return [.systemd()] }
        return [.descriptor(0)]
    }

    /// The operator's socket: where it was asked for it must open, at its standard place it may not.
    private static func openControl(
        _ named: String?, mount: Mount, group: any EventLoopGroup, logger: Logger
    ) async throws -> OperatorSocket? {
        let path = named ?? ControlOption.standard
        do {
            if named == nil {
                let folder = (path as NSString).deletingLastPathComponent
                try FileManager.default.createDirectory(
                    atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
            }
            return try await OperatorSocket.bind(path: path, mount: mount, on: group)
        } catch {
            if named != nil { throw StartFailure("cannot open the operator's socket at \(path): \(error)") }
            logger.info("no operator's socket", metadata: ["path": "\(path)", "error": "\(error)"])
            return nil
        }
    }

    /// Stops listening and closes everything.
    func stop() async {
        for listener in tcp { await listener.stopAccepting() }
        for listener in http { await listener.stopAccepting() }
        for listener in fastCGI { await listener.drain() }
        await control?.close()
    }
}

/// Why longwired did not start, as a sentence.
struct StartFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
