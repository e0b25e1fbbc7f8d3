import LongwireClient
import FastCGI
import LongwireServer
import LongwireTesting
import NIOCore
import NIOPosix
import TestSupport

/// One mount of this process, over FastCGI, by itself over HTTP, and on bare TCP.
struct ChaosMount: Sendable {
    let mount: Mount
    let fastCGIPort: Int
    let httpPort: Int
    let tcpPort: Int
    private let fastCGI: FastCGIListener
    private let http: HTTPListener
    private let tcp: TCPListener

    init(_ servlets: [String: ServletKind], configuration: MountConfiguration) async throws {
        mount = try Mount(servlets: servlets, configuration: configuration)
        let group = MultiThreadedEventLoopGroup.singleton
        fastCGI = try await mount.fastCGIServer().bind(to: .tcp(host: "127.0.0.1", port: 0), on: group)
        fastCGIPort = fastCGI.localAddress?.port ?? 0
        http = try await HTTPListener.bind(host: "127.0.0.1", port: 0, mount: mount, on: group)
        httpPort = http.localAddress?.port ?? 0
        tcp = try await TCPListener.bind(host: "127.0.0.1", port: 0, mount: mount, on: group, offer: .nothing)
        tcpPort = tcp.localAddress?.port ?? 0
    }

    /// Stops listening, and cuts what is left.
    func stop() async {
        await mount.drain(window: .zero, limit: .zero)
        await fastCGI.close()
        await http.stopAccepting()
        await tcp.stopAccepting()
    }
}

/// The servers that seeded runs go to: mounts of this process that differ in what they allow, and an nginx before all.
struct ChaosSite: Sendable {
    enum Kind: String, Sendable, CaseIterable {
        /// Sessions outlive all faults.
        case lasting
        /// The same, with the least of everything.
        case small
        /// Sessions live for 300 ms without a line.
        case short
        /// A cut line is the end.
        case none
    }

    let ledger = ChaosLedger()
    private let sites: [Kind: ChaosMount]
    private let nginx: NginxFixture
    /// Between nginx and the mounts.
    private let backs: [ChaosProxy]

    init() async throws {
        var sites: [Kind: ChaosMount] = [:]
        var mounts: [NginxFixture.Mount] = []
        var backs: [ChaosProxy] = []
        let servlet = ChaosServlet(ledger: ledger)
        for kind in Kind.allCases {
            let site = try await ChaosMount(["run": .task(servlet)], configuration: Self.configuration(kind))
            sites[kind] = site
            let back = try await ChaosProxy.start(
                port: FreePort.next(), to: site.fastCGIPort, plan: Self.backPlan, seed: 1)
            backs.append(back)
            mounts.append(NginxFixture.Mount("/\(kind)", to: .tcp(port: back.port)))
        }
        self.sites = sites
        self.backs = backs
        nginx = try await NginxFixture(NginxFixture.Options(mounts: mounts))
    }

    /// Some of what happens between a web server and an application, over and over.
    private static var backPlan: ChaosPlan {
        var plan = ChaosPlan(
            seed: 1, kinds: [.cut, .reset, .halfClose, .stall, .delay], over: .seconds(10), count: 12,
            longest: .milliseconds(300))
        plan.period = .seconds(10)
        return plan
    }

    private static func configuration(_ kind: Kind) -> MountConfiguration {
        var configuration = MountConfiguration()
        configuration.path = "/\(kind)"
        var session = SessionConfiguration()
        session.heartbeat = .milliseconds(500)
        session.pollHold = .milliseconds(500)
        session.resumeTime = .seconds(12)
        session.linger = .seconds(1)
        session.timeToOpen = .seconds(2)
        session.repeatTime = .milliseconds(100)
        session.messageLimit = 300_000
        switch kind {
        case .lasting: break
        case .small:
            session.receiveWindow = 16_600
            session.sendBuffer = 16_600
            session.bundleBytes = 16_600
            session.allowanceBytes = 16_900
            session.allowancePieces = 8
            session.allowanceBytesLoopback = 16_900
            session.heartbeat = .milliseconds(300)
            session.heartbeatMode = .interval
            session.pollHold = .milliseconds(100)
        case .short: session.resumeTime = .milliseconds(300)
        case .none: session.resumeTime = .zero
        }
        configuration.session = session
        return configuration
    }

    /// Where a run goes: the ports of HTTP and of bare TCP.
    func ports(of run: ChaosRun) -> (http: Int, tcp: Int) {
        guard let site = sites[run.site] else { return (0, 0) }
        return (run.way == .nginx ? nginx.port : site.httpPort, site.tcpPort)
    }

    func sessions() -> Int { sites.values.reduce(0) { $0 + $1.mount.sessionCount } }

    func stop() async throws {
        for site in sites.values { await site.stop() }
        try await nginx.stop()
        for back in backs { try await back.stop() }
    }
}
