internal import FastCGI
internal import Foundation
internal import LongwireServer
internal import Logging
internal import NIOCore

/// Everything that one longwired listens at.
struct Listening {
    private var fastCGI: [(address: String, listener: FastCGIListener)] = []
    private var http: [(address: String, kind: Handover.Kind, listener: HTTPListener)] = []
    private var tcp: [(address: String, listener: TCPListener)] = []
    private var control: (path: String, socket: OperatorSocket)?
    private let server: FastCGIServer

    /// Begins to accept.
    ///
    /// - Parameter commands: what the operator's socket answers besides.
    init(
        _ opened: OpenedSockets, _ settings: Settings, certificates: ListenerCertificates, mount: Mount,
        group: any EventLoopGroup, logger: Logger, commands: [String: OperatorSocket.Command]
    ) async throws {
        var limits = FastCGIConfiguration()
        limits.maximumConnections = settings.connections
        limits.maximumOpenRequests = settings.connections
        server = mount.fastCGIServer(configuration: limits)
        for place in opened.fastCGI {
            let listener = try await server.listen(on: place.sockets, group: group)
            fastCGI.append((place.address, listener))
            Self.tell("FastCGI", listener.localAddresses, logger)
        }
        let plain = opened.http.map { ($0, Handover.Kind.http, "HTTP", nil as ListenerCertificate?) }
        let secure = opened.https.map { ($0, Handover.Kind.https, "HTTPS", certificates.https) }
        for (place, kind, name, certificate) in plain + secure {
            let listener = try await HTTPListener.listen(
                on: place.sockets, mount: mount, group: group, certificate: certificate, hosts: settings.hosts,
                host: place.address.hasPrefix("unix:") ? nil : HostAndPort(place.address)?.host)
            http.append((place.address, kind, listener))
            Self.tell(name, listener.localAddresses, logger)
        }
        for place in opened.tcp {
            // Clients know one port of a host.
            let isFirst = tcp.isEmpty
            let offer: TCPListener.Offer =
                switch settings.tcpOffer {
                case nil: isFirst ? .ownPort : .nothing
                case 0?: .nothing
                case let port?: isFirst ? .port(port) : .nothing
                }
            let listener = try await TCPListener.listen(
                on: place.sockets, mount: mount, group: group, certificate: certificates.tcp, offer: offer)
            tcp.append((place.address, listener))
            Self.tell("TCP", listener.localAddresses, logger)
        }
        if let (path, socket) = opened.control {
            control = (
                path,
                try await OperatorSocket.listen(
                    on: socket, path: path, mount: mount, group: group, commands: commands)
            )
        }
        logger.notice(
            "serving",
            metadata: [
                "mount": "\(mount.configuration.path)", "servlets": "\(mount.servletNames.joined(separator: " "))",
            ])
    }

    private static func tell(_ name: String, _ addresses: [SocketAddress], _ logger: Logger) {
        for address in addresses {
            logger.notice(Logger.Message(stringLiteral: name), metadata: ["address": "\(written(address))"])
        }
    }

    /// An address as it is written in a configuration.
    private static func written(_ address: SocketAddress) -> String {
        if let path = address.pathname, address.protocol == .unix { return "unix:\(path)" }
        let host = address.ipAddress ?? "?"
        return "\(host.contains(":") ? "[\(host)]" : host):\(address.port ?? 0)"
    }

    /// What a process that takes over gets.
    var passed: [Successor.Passed] {
        var passed = fastCGI.map {
            Successor.Passed(kind: .fastcgi, address: $0.address, descriptors: $0.listener.descriptors)
        }
        passed += http.map { .init(kind: $0.kind, address: $0.address, descriptors: $0.listener.descriptors) }
        passed += tcp.map { .init(kind: .tcp, address: $0.address, descriptors: $0.listener.descriptors) }
        if let control {
            passed.append(.init(kind: .control, address: control.path, descriptors: [control.socket.descriptor]))
        }
        return passed
    }

    /// Another process accepts at the same sockets now: this one does no more, and leaves their files alone.
    mutating func release() async {
        for (_, listener) in tcp { await listener.release() }
        for (_, _, listener) in http { await listener.release() }
        for (_, listener) in fastCGI { await listener.release() }
        await control?.socket.release()
        control = nil
    }

    /// The connections that are open, of clients and web servers alike.
    var openConnections: Int {
        server.openConnections + http.reduce(0) { $0 + $1.listener.openConnections }
            + tcp.reduce(0) { $0 + $1.listener.openConnections }
    }

    /// Stops listening and closes everything.
    func stop() async {
        for (_, listener) in tcp { await listener.stopAccepting() }
        for (_, _, listener) in http { await listener.stopAccepting() }
        for (_, listener) in fastCGI { await listener.drain() }
        await control?.socket.close()
    }
}
