import NIOCore
import TestSupport

/// What lies between client and web server: the columns of the matrix, in order.
enum PathWay: String, CaseIterable, Sendable {
    case direct
    case buffersRequests = "buffers requests"
    case buffersResponses = "buffers responses"
    case buffersBoth = "buffers both"
    case http10 = "HTTP/1.0"
    case cuts
    case forgets = "NAT"

    /// The age at which `cuts` cuts, and the silence after which `forgets` does; heartbeats of the mount in the same
    /// proportion as 15 s to 20 s and to 30 s.
    static let cutAge = TimeAmount.milliseconds(1_333)
    static let forgetTime = TimeAmount.milliseconds(2_000)
    static let heartbeat = TimeAmount.milliseconds(1_000)

    /// Whether it looks into requests, which HTTPS does not let it.
    var readsRequests: Bool {
        switch self {
        case .buffersRequests, .buffersResponses, .buffersBoth, .http10: true
        case .direct, .cuts, .forgets: false
        }
    }

    /// Puts it before a server.
    func build(before server: PathServer) async throws -> PathFront {
        var behaviour = FaultBehaviour()
        switch self {
        case .direct: return PathFront(port: server.port)
        case .cuts:
            let cutter = try await TCPCutter(target: server.port, cutsAfter: Self.cutAge)
            return PathFront(port: cutter.port, cutter: cutter)
        case .forgets:
            let cutter = try await TCPCutter(target: server.port, forgetsAfter: Self.forgetTime)
            return PathFront(port: cutter.port, cutter: cutter)
        case .buffersRequests: behaviour.buffersRequests = true
        case .buffersResponses: behaviour.buffersResponses = true
        case .buffersBoth:
            behaviour.buffersRequests = true
            behaviour.buffersResponses = true
        case .http10: behaviour = .http10
        }
        let proxy = try await FaultProxy(target: server.port, behaviour)
        return PathFront(port: proxy.port, proxy: proxy)
    }
}

/// What a client connects to.
struct PathFront: Sendable {
    var port: Int
    var cutter: TCPCutter?
    var proxy: FaultProxy?
}
