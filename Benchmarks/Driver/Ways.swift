internal import LongwireClient
internal import NIOCore

/// Everything that is measured, of what the script has started.
struct Ways {
    /// What the others are compared with.
    static let base = "TCP"

    private let settings: BenchSettings
    private let longwire: Longwire

    init(_ settings: BenchSettings, longwire: Longwire) {
        self.settings = settings
        self.longwire = longwire
    }

    var all: [EchoWay] {
        let all = bare + transports + peers
        guard let only = settings.only else { return all }
        return all.filter { way in way.name == Self.base || only.contains(way.name) }
    }

    private var bare: [EchoWay] {
        [
            (Self.base, "a connection through nginx's stream module", "tcp"),
            ("TCP past nginx", "a connection with nothing between", "tcp-direct"),
        ].compactMap { name, about, key in
            settings.port(key).map { port in
                EchoWay(name: name, about: about) { loop, size in
                    try await TCPLine.open(port: port, size: size, on: loop)
                }
            }
        }
    }

    private var transports: [EchoWay] {
        guard let nginx = settings.port("nginx") else { return [] }
        let longwire = longwire
        let ways = [
            ("duplex", "one transaction, both ways", TransportKind.duplex),
            ("stream", "a GET down, POSTs up", .stream),
            ("poll", "requests one after the other", .poll),
        ].map { name, about, transport in
            EchoWay(name: name, about: about) { _, _ in
                try await SessionLine.open("http://127.0.0.1:\(nginx)/longwire/echo", transport, with: longwire)
            }
        }
        let plain = EventsLine.Place(
            port: nginx, events: "/longwire/echo",
            posts: { opening in
                let value = { (name: String) in
                    opening.firstRange(of: "\"\(name)\":\"").map {
                        String(opening[$0.upperBound...].prefix { $0 != "\"" })
                    }
                }
                return (
                    "/longwire/echo?session=\(value("session") ?? "")",
                    [("Longwire-Token", value("token") ?? ""), ("Content-Type", "text/plain")]
                )
            }, isBundled: false)
        return ways + lines + [
            EchoWay(name: "plain", about: "Server-Sent Events, a POST a message") { loop, _ in
                try await EventsLine.open(plain, on: loop)
            }
        ]
    }

    /// Transports that are no HTTP requests: through nginx, and where nothing is in the way.
    private var lines: [EchoWay] {
        let longwire = longwire
        var ways: [EchoWay] = []
        if let port = settings.port("websocket") {
            ways.append(
                EchoWay(name: "websocket", about: "a WebSocket") { _, _ in
                    try await SessionLine.open("http://127.0.0.1:\(port)/longwire/echo", .websocket, with: longwire)
                })
        }
        for (name, about, key) in [
            ("tcp", "frames on a connection through nginx's stream module", "longwire-tcp"),
            ("tcp past nginx", "frames on a connection with nothing between", "longwire-tcp-direct"),
        ] {
            guard let port = settings.port(key) else { continue }
            ways.append(
                EchoWay(name: name, about: about) { _, _ in
                    try await SessionLine.open("http://127.0.0.1/longwire/echo", .tcp, with: longwire) {
                        $0.directTCP = DirectTCP(host: "127.0.0.1", port: port)
                    }
                })
        }
        return ways
    }

    private var peers: [EchoWay] {
        guard let nginx = settings.port("nginx") else { return [] }
        var ways: [EchoWay] = []
        if settings.text("events") != nil {
            let place = { @Sendable (path: String) in
                EventsLine.Place(
                    port: nginx, events: "\(path)/open", posts: { ("\(path)/send?session=\($0)", []) },
                    isBundled: true)
            }
            ways.append(
                EchoWay(
                    name: "Go events", about: "peer: Go's net/http, Server-Sent Events and bundled POSTs",
                    open: { loop, _ in try await EventsLine.open(place("/events"), on: loop) },
                    openOnOneCore: { loop, _ in try await EventsLine.open(place("/events-one"), on: loop) }))
        }
        if settings.text("polling") != nil {
            ways.append(
                EchoWay(name: "engine.io", about: "peer: python-engineio on aiohttp and uvloop") { loop, _ in
                    try await EngineLine.open(port: nginx, "/engine.io/", on: loop)
                })
        }
        return ways
    }
}
