import FastCGI
import LongwireClient
import LongwireServer
import NIOCore
import NIOPosix
import TestSupport

/// One mount of this process, served to web servers over FastCGI (TCP and a unix socket) and by itself over HTTP.
final class PathSite: Sendable {
    let mount: Mount
    let fastCGIPort: Int
    let httpPort: Int
    let socket: String
    private let folder: TemporaryFolder
    private let listeners: [FastCGIListener]
    /// Where bare TCP is served, which is not offered.
    let tcpPort: Int
    private let http: HTTPListener
    private let tcp: TCPListener

    init(
        _ servlets: [String: ServletKind] = ["echo": .inline(EchoServlet())],
        configure: (inout MountConfiguration) -> Void = { _ in }
    ) async throws {
        FileLimit.raise()
        var configuration = MountConfiguration()
        configure(&configuration)
        mount = try Mount(servlets: servlets, configuration: configuration)
        folder = try TemporaryFolder()
        socket = folder.path("fcgi.sock")
        let group = MultiThreadedEventLoopGroup.singleton
        let server = mount.fastCGIServer()
        let first = try await server.bind(to: .tcp(host: "127.0.0.1", port: 0), on: group)
        listeners = [first, try await server.bind(to: .unix(path: socket), on: group)]
        fastCGIPort = first.localAddress?.port ?? 0
        httpPort = try FreePort.next()
        http = try await HTTPListener.bind(host: "127.0.0.1", port: httpPort, mount: mount, on: group)
        tcp = try await TCPListener.bind(host: "127.0.0.1", port: 0, mount: mount, on: group, offer: .nothing)
        tcpPort = tcp.localAddress?.port ?? 0
    }

    /// Stops listening, and cuts what is left.
    func stop() async {
        await mount.drain(window: .zero, limit: .zero)
        for listener in listeners { await listener.close() }
        await http.stopAccepting()
        await tcp.stopAccepting()
    }
}

/// A web server as clients see it, with whatever stands behind it.
struct PathServer: Sendable {
    var name: String
    var port: Int
    /// Where it takes bare TCP, if it does.
    var tcpPort: Int?
    var isSecure = false
    /// Whether it offers HTTP/2 to those who can.
    var speaksHTTP2 = false
    /// Kept running for as long as this is.
    var parts: [any Sendable] = []

    /// The URL of a servlet, at this server's port or at that of something before it.
    func url(_ servlet: String = "echo", port: Int? = nil) -> String {
        "\(isSecure ? "https" : "http")://\(isSecure ? "localhost" : "127.0.0.1"):\(port ?? self.port)/longwire/\(servlet)"
    }

    /// Every server of the matrix, running; the rows of its tables, in order.
    static func all(of site: PathSite, _ certificates: Certificates) async throws -> [PathServer] {
        var servers = [PathServer(name: "built-in", port: site.httpPort, tcpPort: site.tcpPort)]
        servers += try await nginx(of: site, certificates)
        servers += try await apache(of: site, certificates)
        servers.append(try await lighttpd(of: site))
        return servers
    }

    /// nginx alone, with TLS, offering HTTP/2, and behind HAProxy.
    static func nginx(of site: PathSite, _ certificates: Certificates) async throws -> [PathServer] {
        var options = NginxFixture.Options(mounts: [.init(to: .tcp(port: site.fastCGIPort))])
        options.certificates = certificates
        let plain = try await NginxFixture(options)
        options.http2 = true
        let http2Port = try FreePort.next()
        options.serverDirectives = "listen 127.0.0.1:\(http2Port) http2;"
        // Only one of the two servers of the file may have the port.
        options.certificates = nil
        let http2 = try await NginxFixture(options)
        options.certificates = certificates
        options.serverDirectives = ""
        let offering = try await NginxFixture(options)
        let webSocket = try await NginxFixture(WebSocketWayTests.nginx(to: "127.0.0.1:\(site.httpPort)"))
        let before = try await HAProxyFixture(target: plain.port)
        let speaking = try await HAProxyFixture(target: http2Port, http2: true)
        return [
            PathServer(name: "nginx", port: plain.port, parts: [plain]),
            PathServer(name: "nginx TLS", port: plain.tlsPort ?? 0, isSecure: true, parts: [plain]),
            PathServer(
                name: "nginx TLS, HTTP/2", port: offering.tlsPort ?? 0, isSecure: true, speaksHTTP2: true,
                parts: [offering]),
            PathServer(name: "nginx websocket", port: webSocket.port, parts: [webSocket]),
            PathServer(name: "HAProxy before nginx", port: before.port, parts: [before, plain]),
            PathServer(name: "HAProxy, HTTP/2 to nginx", port: speaking.port, parts: [speaking, http2]),
        ]
    }

    /// Apache over FastCGI, plain and with TLS, and before the built-in listener over HTTP/2 and for WebSockets.
    static func apache(of site: PathSite, _ certificates: Certificates) async throws -> [PathServer] {
        let apache = try await ApacheFixture(.fastCGI(port: site.fastCGIPort), certificates: certificates)
        let h2c = try await ApacheFixture(.h2c(port: site.httpPort))
        let webSocket = try await ApacheFixture(.webSocket(port: site.httpPort))
        return [
            PathServer(name: "Apache FastCGI", port: apache.port, parts: [apache]),
            PathServer(name: "Apache TLS", port: apache.tlsPort ?? 0, isSecure: true, parts: [apache]),
            PathServer(name: "Apache h2c", port: h2c.port, parts: [h2c]),
            PathServer(name: "Apache websocket", port: webSocket.port, parts: [webSocket]),
        ]
    }

    static func lighttpd(of site: PathSite) async throws -> PathServer {
        let guide = try Guide.block(of: "Docs/lighttpd.md", language: "lighttpd")
        let lighttpd = try await LighttpdFixture { _ in
            guide.replacing("/run/longwire/longwire.sock", with: site.socket)
        }
        return PathServer(name: "lighttpd", port: lighttpd.port, parts: [lighttpd])
    }
}
