package import HTTPTypes
internal import LongwireProtocol
public import LongwireSession
internal import LongwireTransport
public import Logging
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import Synchronization

/// Everything below one URL path: servlets by name, and their sessions.
///
/// A mount does no I/O of its own: listeners hand it HTTP transactions, of FastCGI (``LongwireServer``), of the
/// built-in HTTP/1.1, or of the program it is embedded in (``LongwireHTTPHandler``). It may serve any number of event
/// loops; a session stays on the loop of its first transaction.
public final class Mount: Sendable {
    let logger: Logger
    /// A piece of a servlet's code that holds an event loop for longer is logged.
    let slowServlet: TimeAmount
    private let offer: NIOLockedValueBox<MountOffer>
    private let contexts = NIOLockedValueBox<[ObjectIdentifier: LoopContext]>([:])
    /// The sessions of clients that speak plain HTTP.
    let plain = PlainDirectory()
    /// What all sessions hold.
    let buffers: BufferAccount
    /// What requests hold whose bodies have not come to their end.
    let bodies: BodyAccount
    /// Whether all that is here is to go elsewhere: connections are not kept.
    let isLeaving = Atomic(false)
    /// Which sessions are another process's.
    let routes = Routes()
    private let registry: NIOLockedValueBox<Registry>
    /// Who failed to be let in lately.
    let failures = FailureLimiter()
    /// What OPENED says of listeners for bare TCP.
    private let directOffer = NIOLockedValueBox<[Parameter]>([])

    private struct Registry {
        var directory: SessionDirectory<SessionHandle>
        /// The sessions of each servlet, by its name.
        var counts: [String: Int] = [:]
        var limiter = OpeningLimiter()
        var isDraining = false
        var drained: [CheckedContinuation<Void, Never>] = []
        /// How many servlets' tasks run, also those of ended sessions.
        var tasks = 0
        var idle: [CheckedContinuation<Void, Never>] = []
    }

    /// A mount with its servlets; a servlet's path is its name, so `echo` is at `{mount}/echo`.
    ///
    /// - Parameter access: who may use a servlet, by its name; everybody where nothing is said.
    /// - Throws: ``ConfigurationError`` for what cannot work.
    public init(
        servlets: [String: ServletKind], access: [String: any AccessRule] = [:],
        configuration: MountConfiguration = MountConfiguration(), logger: Logger = Logger(label: "longwire")
    ) throws(ConfigurationError) {
        buffers = BufferAccount(limit: configuration.limits.buffered)
        bodies = BodyAccount(limit: BodyAccount.limit(of: configuration.limits))
        offer = NIOLockedValueBox(try MountOffer(servlets: servlets, access: access, configuration: configuration))
        self.logger = logger
        slowServlet = configuration.slowServlet
        registry = NIOLockedValueBox(
            Registry(directory: SessionDirectory(tombstones: configuration.rememberedEndings)))
    }

    /// What the mount allows now.
    public var configuration: MountConfiguration { offer.withLockedValue { $0.configuration } }

    /// A part of what the mount allows now, without a copy of all of it.
    func configured<Value>(_ part: (MountConfiguration) -> Value) -> Value {
        offer.withLockedValue { part($0.configuration) }
    }

    /// The names of the servlets, in order.
    public var servletNames: [String] { offer.withLockedValue { $0.servlets.keys.sorted() } }

    /// The greatest receive window that a session may have that is open.
    var greatestWindow: Int { offer.withLockedValue { $0.greatestWindow } }

    /// The servlets now.
    var servlets: [String: ServletKind] { offer.withLockedValue { $0.servlets } }

    /// Replaces servlets and configuration for the sessions that open from now on.
    ///
    /// Who may use a servlet is asked anew for every transaction, of sessions of before too; where a servlet has gone,
    /// its last rule counts. Sessions that are open keep their servlet, their sizes and their times, also where another one, or none, has its
    /// name now; their clients may resume them. Usable from anywhere. The path of a mount cannot change, nor can what
    /// its event loops were set up with: ``MountConfiguration/slowServlet`` and
    /// ``MountConfiguration/rememberedEndings``.
    ///
    /// - Throws: ``ConfigurationError`` for what cannot work or cannot change; then everything is as before.
    public func replace(
        servlets: [String: ServletKind], access: [String: any AccessRule] = [:], configuration: MountConfiguration
    ) throws(ConfigurationError) {
        let next = try MountOffer(servlets: servlets, access: access, configuration: configuration)
        let refusal = offer.withLockedValue { offer in
            do throws(ConfigurationError) { try offer.become(next) } catch { return error as ConfigurationError? }
            return nil
        }
        if let refusal { throw refusal }
        buffers.limit = configuration.limits.buffered
        bodies.limit = BodyAccount.limit(of: configuration.limits)
    }

    // MARK: Transactions

    /// Serves a transaction whose head was received.
    ///
    /// - Parameter isForwarded: whether another process of this mount has passed it on.
    /// - Returns: false when its path is not below this mount; nothing was done then.
    package func serve(
        _ head: HTTPRequest, _ exchange: any HTTPExchange, facts: ExchangeFacts, isForwarded: Bool = false
    ) -> Bool {
        let place = MountPath(target: head.path ?? "", mount: configured { $0.path }, authority: head.authority)
        if place == .elsewhere { return false }
        if let hosts = facts.hosts, !hosts.admit(head.authority) {
            Problem(
                status: .misdirectedRequest, title: "Another host",
                detail: "Nothing is served here under the name \(head.authority ?? ""); whoever runs this server can "
                    + "allow it (listen.hosts)."
            ).answer(exchange)
            return true
        }
        if case .servlet = place, forward(head, exchange, facts: facts, isForwarded: isForwarded) { return true }
        guard let exchange = admitOrigin(head, exchange) else { return true }
        switch place {
        case .elsewhere: return false
        case .bad(let why):
            Problem(status: .badRequest, title: "Bad path", detail: why + ".").answer(exchange)
        case .page:
            MountPage(mount: self).answer(head, exchange)
        case .servlet(let name):
            if let file = BrowserFile.named(name) {
                file.answer(head, exchange)
                return true
            }
            let (servlet, isRetired) = offer.withLockedValue { ($0.servlets[name], $0.retired.contains(name)) }
            guard servlet != nil || (isRetired && Self.mayResume(head)) else {
                noSuchServlet(name).answer(exchange)
                return true
            }
            let request = request(name, head, facts)
            guard let rule = rule(of: name) else {
                serve(request, exchange, servlet: servlet, isLoopbackTCP: facts.isLoopbackTCP)
                return true
            }
            ask(rule, request, exchange) { [self] in
                serve($0, exchange, servlet: servlet, isLoopbackTCP: facts.isLoopbackTCP)
            }
        }
        return true
    }

    /// Whether this may be a transaction of a session, rather than somebody who looks.
    private static func mayResume(_ head: HTTPRequest) -> Bool {
        switch head.method {
        case .post: true
        case .get: head.headerFields[.longwireOpen] != nil || PlainRequests.isForEvents(head)
        case .delete: head.headerFields[.longwireToken] != nil
        default: false
        }
    }

    /// The answer where nothing has this name.
    func noSuchServlet(_ name: String) -> Problem {
        Problem(
            status: .notFound, title: "No such servlet",
            detail: "Nothing is mounted at \(configuration.path)/\(name).")
    }

    /// - Parameter servlet: nil where only sessions of before still have its name.
    private func serve(
        _ request: SessionRequest, _ exchange: any HTTPExchange, servlet: ServletKind?, isLoopbackTCP: Bool
    ) {
        let head = request.head
        let plain = PlainRequests(mount: self, servlet: servlet, request: request, exchange: exchange)
        switch head.method {
        case .get where head.headerFields.contains(.longwireOpen):
            StreamRequest(mount: self, servlet: servlet, request: request)
                .serve(head.headerFields[.longwireOpen] ?? "", exchange)
        case .get where PlainRequests.isForEvents(head): plain.events()
        case .get, .head:
            if let page = servlet?.page, MountPage.wantsHTML(head.headerFields[.accept]) {
                return page.answer(head, mountPath: configuration.path, exchange)
            }
            MountPage(mount: self, servlet: request.servlet).answer(head, exchange)
        case .post where head.headerFields.contains(.longwireToken): plain.message()
        case .delete where head.headerFields.contains(.longwireToken): plain.end()
        case .post:
            guard HTTPBinding.isFrames(head.headerFields.first(.contentType)) else {
                return Problem(
                    status: .unsupportedMediaType, title: "Not frames",
                    detail: "A session is opened with Content-Type: \(HTTPBinding.mediaType)."
                ).answer(exchange)
            }
            exchange.receiver = FrameTransaction(
                mount: self, exchange: exchange, place: .servlet(servlet, request),
                isLoopbackTCP: isLoopbackTCP)
        default:
            Problem(
                status: .methodNotAllowed, title: "Wrong method", detail: "A session is opened with POST.",
                fields: [.allow: "POST, GET, HEAD"]
            ).answer(exchange)
        }
    }

    private func request(_ name: String, _ head: HTTPRequest, _ facts: ExchangeFacts) -> SessionRequest {
        let address = clientAddress(of: head, facts: facts)
        let (path, messageLimit) = configured { ($0.path, $0.session.messageLimit) }
        // The port is the proxy's where the address is another's.
        let isForwarded = address != facts.remoteAddress
        let variables = facts.variables
        return SessionRequest(
            servlet: name, principal: rule(of: name) == nil ? facts.principal : nil, remoteAddress: address, head: head,
            mountPath: path, variables: isForwarded ? variables().filter { $0.name != "REMOTE_PORT" } : variables(),
            messageLimit: messageLimit, webServerUser: facts.principal, clientCertificate: facts.clientCertificate)
    }

    /// Who may use a servlet, of now or before; nil for everybody.
    func rule(of name: String) -> (any AccessRule)? { offer.withLockedValue { $0.access[name] } }

    /// The address of the client that a request comes from: the one answer for logs, limits, listings and servlets.
    ///
    /// Header fields count only where a proxy of ``MountConfiguration/trustedProxies`` sent them.
    func clientAddress(of head: HTTPRequest, facts: ExchangeFacts) -> String? {
        offer.withLockedValue { $0.trust }.client(of: facts.remoteAddress, head.headerFields)
    }

    /// The servlet that a request's URL names, nil where only sessions of before still have its name; nothing at all
    /// where it names none of this mount's.
    func servlet(of head: HTTPRequest, facts: ExchangeFacts) -> (ServletKind?, SessionRequest)? {
        guard
            case .servlet(let name) = MountPath(
                target: head.path ?? "", mount: configuration.path, authority: head.authority)
        else { return nil }
        let (servlet, isRetired) = offer.withLockedValue { ($0.servlets[name], $0.retired.contains(name)) }
        guard servlet != nil || isRetired else { return nil }
        return (servlet, request(name, head, facts))
    }

    /// The same for a bare line, whose OPEN says what the URL's path and the field Authorization would.
    func servlet(
        at target: String, authorization: String?, facts: ExchangeFacts
    ) -> (ServletKind?, SessionRequest)? {
        var head = HTTPRequest(method: .post, scheme: "http", authority: nil, path: target)
        if let authorization { head.headerFields[.authorization] = authorization }
        return servlet(of: head, facts: facts)
    }

    // MARK: Sessions

    /// Clients of sessions that open from now on are told that bare TCP is served here.
    func offer(direct parameters: [Parameter]) { directOffer.withLockedValue { $0 = parameters } }

    /// What an OPEN leads to.
    enum Admission {
        case session(SessionHandle)
        case refused(AbortFrame)
        /// There are enough sessions, of all clients or of this one.
        case limited(LimitRefusal)
        /// No session of before is meant, and nothing has this name any more.
        case noServlet
    }

    /// Finds or makes the session that an OPEN asks for (Docs/protocol.md, rule 7); on the transaction's event loop.
    func admit(
        _ open: OpenFrame, servlet: ServletKind?, request: SessionRequest, eventLoop: any EventLoop
    ) -> Admission {
        guard open.version >= 1 else {
            return .refused(AbortFrame(received: 0, code: .version, reason: "this server speaks version 1"))
        }
        let now = NIODeadline.now()
        if let known = decide(open, request, now: now) { return known }
        guard let servlet else { return .noServlet }
        if case .refused(let code, let reason) = servlet.accept(request) {
            return .refused(AbortFrame(received: 0, code: code, reason: reason))
        }
        let configuration = configuration
        return registry.withLockedValue { registry in
            // Another transaction of the same session may have been faster.
            switch registry.directory.decide(open, servlet: request.servlet, principal: request.principal, now: now) {
            case .existing(let handle): return .session(handle)
            case .refuse(let code, let received, let reason):
                return .refused(AbortFrame(received: received, code: code, reason: reason))
            case .create:
                if registry.isDraining, !routes.hasHeir {
                    return .refused(AbortFrame(received: 0, code: .goingAway, reason: "this server is going away"))
                }
                if let refusal = limit(request, configuration, in: &registry, now: now) { return .limited(refusal) }
                registry.counts[request.servlet, default: 0] += 1
                // What a bare line asks of a process that was succeeded: it is served, and moves at once.
                return .session(
                    create(
                        open, servlet, request, configuration, eventLoop: eventLoop, now: now,
                        in: &registry.directory))
            }
        }
    }

    private func limit(
        _ request: SessionRequest, _ configuration: MountConfiguration, in registry: inout Registry, now: NIODeadline
    ) -> LimitRefusal? {
        guard !buffers.isFull else {
            let reason = "the limit of \(buffers.limit) bytes that wait in all sessions is reached"
            return LimitRefusal(reason: reason, isOwn: false, retryAfter: 5)
        }
        return registry.limiter.open(
            address: AddressKey.of(request.remoteAddress), principal: request.principal,
            count: registry.directory.count, maximum: configuration.maximumSessions, limits: configuration.limits,
            now: now)
    }

    private func decide(_ open: OpenFrame, _ request: SessionRequest, now: NIODeadline) -> Admission? {
        registry.withLockedValue { registry in
            switch registry.directory.decide(open, servlet: request.servlet, principal: request.principal, now: now) {
            case .existing(let handle): .session(handle)
            case .refuse(let code, let received, let reason):
                .refused(AbortFrame(received: received, code: code, reason: reason))
            case .create: nil
            }
        }
    }

    private func create(
        _ open: OpenFrame, _ servlet: ServletKind, _ request: SessionRequest, _ configuration: MountConfiguration,
        eventLoop: any EventLoop, now: NIODeadline, in directory: inout SessionDirectory<SessionHandle>
    ) -> SessionHandle {
        let identifier = open.identifier ?? .random()
        let token = open.token ?? .random()
        let instance = SessionInstance.random()
        let wantsChecksum = open.parameters.contains(Parameter(Parameter.checksum, Parameter.crc32c))
        var machine = SessionMachine(
            role: .server, shared: offer.withLockedValue { $0.session }, identifier: identifier, token: token,
            instance: instance, tellsToken: open.token == nil,
            checksum: wantsChecksum && configuration.agreesOnChecksums, now: now)
        // Whoever the web server let in by name is unknown over bare TCP.
        if request.principal == nil { machine.offers = directOffer.withLockedValue { $0 } }
        if routes.hasHeir { machine.going(code: .goingAway) }
        let context = context(of: eventLoop)
        let core = SessionCore(machine: machine, wheel: context.wheel.value)
        let admission = SessionAdmission(
            token: token, instance: instance, servlet: request.servlet, principal: request.principal,
            remoteAddress: request.remoteAddress)
        let handle = SessionHandle(session: Session(core, admission: admission))
        core.join(buffers)
        core.observer = ServerSession(
            mount: self, servlet: servlet, request: request, handle: handle)
        directory.insert(handle)
        return handle
    }

    /// Forgets an ended session, but for how it ended.
    func ended(_ core: SessionCore, _ ending: SessionEnding, _ handle: SessionHandle, wasUsed: Bool) {
        let waiting = registry.withLockedValue { registry in
            registry.limiter.ended(address: AddressKey.of(handle.remoteAddress), principal: handle.principal)
            registry.counts[handle.servlet, default: 1] -= 1
            if registry.counts[handle.servlet] == 0 { registry.counts[handle.servlet] = nil }
            if !wasUsed { registry.directory.forget(identifier: core.machine.identifier) }
            registry.directory.remove(
                identifier: core.machine.identifier, finalReceived: core.machine.inbox.received, code: ending.code,
                reason: ending.reason, resumeTime: core.machine.resumeTime, now: .now())
            guard registry.isDraining, registry.directory.count == 0 else {
                return [] as [CheckedContinuation<Void, Never>]
            }
            defer { registry.drained = [] }
            return registry.drained
        }
        for continuation in waiting { continuation.resume() }
    }

    /// What the sessions of `eventLoop` share; called on it.
    func context(of eventLoop: any EventLoop) -> LoopContext {
        contexts.withLockedValue { contexts in
            let key = ObjectIdentifier(eventLoop)
            if let context = contexts[key] { return context }
            let context = LoopContext(eventLoop)
            contexts[key] = context
            return context
        }
    }

    /// The number of sessions of each servlet that has any, by its name.
    public var sessionCounts: [String: Int] { registry.withLockedValue { $0.counts } }
    var handles: [SessionHandle] { registry.withLockedValue { $0.directory.all } }
    /// The sessions that live, and those of which it is remembered how they ended.
    var knownIdentifiers: Set<SessionIdentifier> { registry.withLockedValue { $0.directory.identifiers } }
    func handle(of identifier: SessionIdentifier) -> SessionHandle? {
        registry.withLockedValue { $0.directory.entry(of: identifier) }
    }

    /// The number of sessions now.
    public var sessionCount: Int { registry.withLockedValue { $0.directory.count } }
    /// Whether ``drain(window:limit:)`` has begun.
    package var isDraining: Bool { registry.withLockedValue { $0.isDraining } }

    // MARK: Tasks of servlets

    func taskStarted() { registry.withLockedValue { $0.tasks += 1 } }

    func taskEnded() {
        let waiting = registry.withLockedValue { registry in
            registry.tasks -= 1
            guard registry.tasks == 0 else { return [] as [CheckedContinuation<Void, Never>] }
            defer { registry.idle = [] }
            return registry.idle
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Waits until no servlet's task runs, but no longer than servlets ask for: one may not listen to cancellation.
    func waitUntilIdle() async {
        let longest = offer.withLockedValue { $0.endTime }
        let patience = Task { [self] in
            try await Task.sleep(longest)
            let waiting = registry.withLockedValue { registry in
                defer { registry.idle = [] }
                return registry.idle
            }
            for continuation in waiting { continuation.resume() }
        }
        await withCheckedContinuation { continuation in
            let isIdle = registry.withLockedValue { registry in
                if registry.tasks > 0 { registry.idle.append(continuation) }
                return registry.tasks == 0
            }
            if isIdle { continuation.resume() }
        }
        patience.cancel()
    }

    func beginDraining() { registry.withLockedValue { $0.isDraining = true } }

    /// Waits until no session is left; only while draining.
    func waitUntilEmpty() async {
        await withCheckedContinuation { continuation in
            let isEmpty = registry.withLockedValue { registry in
                if registry.directory.count > 0 { registry.drained.append(continuation) }
                return registry.directory.count == 0
            }
            if isEmpty { continuation.resume() }
        }
    }
}
