internal import HTTPTypes
internal import LongwireProtocol
internal import LongwireSession
internal import LongwireTransport
internal import NIOCore

/// The requests of plain clients: a GET for events, a POST a message, a DELETE to end (Docs/protocol.md, "plain").
struct PlainRequests {
    let mount: Mount
    /// Nil where only sessions of before still have its name.
    let servlet: ServletKind?
    let request: SessionRequest
    let exchange: any HTTPExchange

    /// Whether a GET asks for events.
    static func isForEvents(_ head: HTTPRequest) -> Bool {
        head.headerFields[.accept]?.lowercased().contains(EventStream.mediaType) ?? false
    }

    // MARK: GET

    func events() {
        if let last = request.head.headerFields[.lastEventID], !last.isEmpty { return resume(after: last) }
        let named = request.query[HTTPBinding.sessionQuery]
        guard let identifier = named.map({ SessionIdentifier(hex: $0) }) ?? .random() else {
            return refuse(.badRequest, "Bad identifier", "?session= takes 32 hexadecimal digits, random ones.")
        }
        guard mount.handle(of: identifier) == nil, mount.plain.find(identifier) == nil else {
            return refuse(
                .conflict, "In use", "There is such a session; come back to it with Last-Event-ID, or choose another.")
        }
        open(identifier)
    }

    private func open(_ identifier: SessionIdentifier) {
        // A secret that is not taken must not be thought taken.
        guard request.head.headerFields[.longwireToken] == nil || ownToken != nil else {
            return refuse(
                .badRequest, "Bad token", "Longwire-Token takes 22 to 128 letters, digits, - and _, random ones.")
        }
        let token = SessionToken.random()
        let open = OpenFrame(
            transport: .duplex, path: 1, identifier: identifier, token: token, instance: nil, using: 0, received: 0,
            limit: 0)
        switch mount.admit(open, servlet: servlet, request: request, eventLoop: exchange.eventLoop) {
        case .limited(let refusal): refusal.problem.answer(exchange)
        case .refused(let abort): refuse(abort)
        case .noServlet: mount.noSuchServlet(request.servlet).answer(exchange)
        case .session(let handle):
            guard handle.eventLoop === exchange.eventLoop else {
                return refuse(.conflict, "In use", "There is such a session; choose another identifier.")
            }
            join(handle.core.value, identifier: identifier, token: token)
        }
    }

    private func join(_ server: SessionCore, identifier: SessionIdentifier, token: SessionToken) {
        let configuration = mount.configuration.session
        let eventLoop = exchange.eventLoop
        let client = SessionCore(
            machine: SessionMachine(
                role: .client, configuration: configuration, identifier: identifier, token: token, now: .now()),
            wheel: mount.context(of: eventLoop).wheel.value)
        let secret = ownToken ?? PlainSecret.random(bytes: 32)
        let directory = mount.plain
        let peer = PlainPeer(
            core: client, token: secret, heartbeat: configuration.heartbeat, resumeTime: configuration.resumeTime
        ) {
            // Who comes back meanwhile is told that it has ended.
            directory.ended(identifier)
            eventLoop.scheduleTask(in: configuration.resumeTime) { directory.remove(identifier) }
        }
        client.join(mount.buffers, isSession: false)
        client.observer = peer
        directory.insert(
            identifier,
            PlainDirectory.Entry(
                token: secret, resumeKey: peer.resumeKey, servlet: request.servlet, principal: request.principal,
                eventLoop: eventLoop, peer: NIOLoopBound(peer, eventLoop: eventLoop)))
        mount.watch(exchange, request)
        server.machine.setAllowance(bytes: configuration.allowanceBytesLoopback, pieces: 0)
        MemoryCarrier.join(client: client, server: server)
        peer.attach(exchange, seen: nil, prelude: prelude)
    }

    /// How many bytes the client wants before the first event.
    private var prelude: Int {
        request.query["prelude"].flatMap { UInt32($0) }.map { min(Int($0), FrameLimits.payload) } ?? 0
    }

    /// The token that the client made; nil where it brings none, or one that cannot be.
    private var ownToken: PlainSecret? {
        guard let text = request.head.headerFields[.longwireToken], (22...128).contains(text.utf8.count),
            text.utf8.allSatisfy(Base64.isOfURLs)
        else { return nil }
        return PlainSecret(text: text)
    }

    private func resume(after last: String) {
        let parts = last.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let identifier = SessionIdentifier(hex: parts[0]), let seen = UInt64(parts[2]) else {
            return refuse(.badRequest, "Bad Last-Event-ID", "It must be the id of one of this session's events.")
        }
        guard let entry = mount.plain.find(identifier), entry.belongs(to: request),
            entry.resumeKey.matches(String(parts[1]))
        else { return unknown() }
        mount.watch(exchange, request)
        onLoop(of: entry) { [prelude] peer, exchange in
            guard !peer.isOver else {
                exchange.write(head: HTTPResponse(status: .noContent, headerFields: [.cacheControl: "no-store"]))
                return exchange.finish()
            }
            peer.attach(exchange, seen: seen, prelude: prelude)
        }
    }

    // MARK: POST and DELETE

    func message() {
        guard let entry = own else { return unknown() }
        let text = request.head.headerFields[.longwireNumber]
        guard let number = text.map({ UInt64($0) }) ?? .some(nil) else {
            return refuse(.badRequest, "Bad number", "Longwire-Number counts the messages: 1, 2, 3 …")
        }
        let isBytes = HTTPBinding.isFrames(request.head.headerFields[.contentType])
        let limit = mount.configuration.session.messageLimit
        exchange.receiver = BodyCollector(
            exchange, limit: limit, patience: mount.configuration.session.heartbeat, account: mount.bodies
        ) { body in
            let isText = !isBytes && String(validating: body.readableBytesView, as: UTF8.self) != nil
            let message = Message(kind: isText ? .text : .bytes, payload: body)
            onLoop(of: entry) { $0.post(message, number: number, $1) }
        }
    }

    func end() {
        guard let entry = own else { return unknown() }
        onLoop(of: entry) { peer, exchange in
            peer.close()
            exchange.write(head: HTTPResponse(status: .noContent, headerFields: [.cacheControl: "no-store"]))
            exchange.finish()
        }
    }

    /// The session that the request names, with its token.
    private var own: PlainDirectory.Entry? {
        guard let identifier = request.query[HTTPBinding.sessionQuery].flatMap({ SessionIdentifier(hex: $0) }),
            let entry = mount.plain.find(identifier), entry.belongs(to: request),
            entry.token.matches(request.head.headerFields[.longwireToken])
        else { return nil }
        return entry
    }

    private func onLoop(
        of entry: PlainDirectory.Entry, _ body: @escaping @Sendable (PlainPeer, any HTTPExchange) -> Void
    ) {
        if entry.eventLoop === exchange.eventLoop {
            body(entry.peer.value, exchange)
        } else {
            exchange.receiver = HoppingExchange.hop(exchange, to: entry.eventLoop) { body(entry.peer.value, $0) }
        }
    }

    // MARK: Refusals

    private func refuse(_ status: HTTPResponse.Status, _ title: String, _ detail: String) {
        Problem(status: status, title: title, detail: detail).answer(exchange)
    }

    /// The one answer to everything that does not match.
    private func unknown() {
        refuse(.notFound, "No such session", "Open one with a GET that accepts \(EventStream.mediaType).")
    }

    private func refuse(_ abort: AbortFrame) {
        let why = abort.reason.isEmpty ? "\(abort.code)" : "\(abort.code): \(abort.reason)"
        switch abort.code {
        case .unauthorized: refuse(.forbidden, "Not allowed", why)
        case .overloaded, .goingAway:
            Problem(
                status: .serviceUnavailable, title: "Not now", detail: why, fields: [.retryAfter: "5"]
            ).answer(exchange)
        case .noSuchSession, .noSuchServlet: unknown()
        default: refuse(.forbidden, "Refused", why)
        }
    }
}
