import LongwireClient
import NIOCore
import TestSupport

/// What lies between client and web server: the columns of the matrix, in order.
enum PathWay: String, CaseIterable, Sendable {
    case direct
    case squid
    case tinyproxy
    case privoxy
    case twoInARow = "two in a row"
    case connect = "CONNECT"
    case http10 = "HTTP/1.0"
    case buffersRequests = "buffers requests"
    case buffersResponses = "buffers responses"
    case buffersBoth = "buffers both"
    case holdsStart = "holds 4 KiB"
    case cuts
    case forgets = "NAT"

    /// The heartbeat of the mount, the age at which `cuts` cuts, and the silence after which `forgets` does: in the
    /// proportion of 15 s to 20 s and to 30 s, which they are in the long run.
    static let heartbeat = flowIsLong ? TimeAmount.seconds(15) : .seconds(1)
    static let cutAge = TimeAmount.nanoseconds(heartbeat.nanoseconds / 3 * 4)
    static let forgetTime = heartbeat * 2

    /// Whether it looks into requests, which HTTPS does not let it.
    var readsRequests: Bool {
        switch self {
        case .buffersRequests, .buffersResponses, .buffersBoth, .http10, .holdsStart: true
        case .direct, .squid, .tinyproxy, .privoxy, .twoInARow, .connect, .cuts, .forgets: false
        }
    }

    /// Whether what is shown of it needs time, and little else.
    var takesTime: Bool { self == .cuts || self == .forgets }

    /// Puts it before the port of a server.
    func build(before port: Int, _ proxies: PathProxies) async throws -> PathFront {
        var behaviour = FaultBehaviour()
        switch self {
        case .direct: return PathFront(port: port)
        case .squid: return PathFront(port: port, proxy: proxies.squid.url())
        case .tinyproxy: return PathFront(port: port, proxy: proxies.tinyproxy.url())
        case .privoxy: return PathFront(port: port, proxy: proxies.privoxy.url())
        case .twoInARow: return PathFront(port: port, proxy: proxies.first.url())
        case .connect: return PathFront(port: port, proxy: proxies.squid.url(), isTunnel: true)
        case .cuts:
            let cutter = try await TCPCutter(target: port, cutsAfter: Self.cutAge)
            return PathFront(port: cutter.port, cutter: cutter)
        case .forgets:
            let cutter = try await TCPCutter(target: port, forgetsAfter: Self.forgetTime)
            return PathFront(port: cutter.port, cutter: cutter)
        case .buffersRequests: behaviour.buffersRequests = true
        case .buffersResponses: behaviour.buffersResponses = true
        case .buffersBoth:
            behaviour.buffersRequests = true
            behaviour.buffersResponses = true
        case .http10: behaviour = .http10
        case .holdsStart: behaviour.holdsResponseStart = 4096
        }
        let scripted = try await FaultProxy(target: port, behaviour)
        return PathFront(port: scripted.port, scripted: scripted)
    }
}

/// What a client connects to.
struct PathFront: Sendable {
    var port: Int
    /// The forward proxy that is asked for it, and whether for a tunnel.
    var proxy: String?
    var isTunnel = false
    var cutter: TCPCutter?
    var scripted: FaultProxy?
}

/// The forward proxies of the matrix, running: real ones, as Debian has them.
struct PathProxies: Sendable {
    let squid: ForwardProxy
    let tinyproxy: ForwardProxy
    let privoxy: ForwardProxy
    /// Passes everything on to `squid`.
    let first: ForwardProxy

    init() async throws {
        squid = try await ForwardProxy(.squid)
        tinyproxy = try await ForwardProxy(.tinyproxy)
        privoxy = try await ForwardProxy(.privoxy)
        first = try await ForwardProxy(.tinyproxy, parent: squid.port)
    }

    func stop() { for proxy in [squid, tinyproxy, privoxy, first] { proxy.stop() } }
}
