internal import NIOCore
internal import NIOPosix

/// The state of a ``ChaosProxy``, touched only on its event loop.
final class ChaosCore {
    /// What happens once, to whatever comes next.
    struct Armed {
        var repeats = 0
        var swaps = 0
        var corruptions: [ChaosDirection: Int] = [:]
        var answers = CircularBuffer<(status: Int, location: String?)>()
    }

    let loop: any EventLoop
    private let host: String
    private(set) var port: Int
    private let target: (host: String, port: Int)
    private let tell: (@Sendable (ChaosEvent) -> Void)?

    private var listener: (any Channel)?
    private var lines: [Int: ChaosLine] = [:]
    private var echoes: [ObjectIdentifier: any Channel] = [:]
    private var lineCount = 0
    private var timers: [Int: Scheduled<Void>] = [:]
    private var timerCount = 0
    private var startedAt = NIODeadline.now()
    private var random = SeededGenerator(seed: 0)
    private var isStopped = false

    /// What lasts at the moment.
    private var lasting: [(id: Int, fault: ChaosFault)] = []
    private(set) var conditions = ChaosConditions()
    private(set) var armed = Armed()
    /// The connection whose POST waits for another one.
    private var swapped: ChaosLine?
    private var waitingForBytes: [(count: Int, direction: ChaosDirection, step: ChaosPlan.Step)] = []
    private(set) var passed: [ChaosDirection: Int] = [:]

    /// Copies of POSTs on their way at once.
    private static let echoLimit = 64
    /// How long a POST waits for another to go before it.
    private static let swapPatience = TimeAmount.milliseconds(300)

    init(
        loop: any EventLoop, host: String, port: Int, target: (host: String, port: Int),
        tell: (@Sendable (ChaosEvent) -> Void)?
    ) {
        self.loop = loop
        self.host = host
        self.port = port
        self.target = target
        self.tell = tell
    }

    // MARK: Connections

    func listen() -> EventLoopFuture<Void> {
        guard listener == nil, !isStopped else { return loop.makeSucceededVoidFuture() }
        let bound = NIOLoopBound(self, eventLoop: loop)
        return ServerBootstrap(group: loop)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 1024)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { bound.value.accept($0) }
            .bind(host: host, port: port)
            .map { channel in
                let core = bound.value
                guard !core.isStopped, !core.conditions.refuses else { return channel.close(promise: nil) }
                core.listener = channel
                core.port = channel.localAddress?.port ?? core.port
            }
    }

    /// - Parameter tries: how often another one may have the port for a moment.
    @discardableResult
    private func listenAgain(tries: Int = 200) -> EventLoopFuture<Void> {
        let bound = NIOLoopBound(self, eventLoop: loop)
        return listen().flatMapError { error in
            let core = bound.value
            guard tries > 0 else {
                core.tellOf("cannot listen again: \(error)", on: 0)
                return core.loop.makeSucceededVoidFuture()
            }
            let pause = core.loop.scheduleTask(in: .milliseconds(25)) {}
            return pause.futureResult.flatMap {
                let core = bound.value
                let isWanted = !core.conditions.refuses && !core.isStopped
                return isWanted ? core.listenAgain(tries: tries - 1) : core.loop.makeSucceededVoidFuture()
            }
        }
    }

    private func accept(_ front: any Channel) -> EventLoopFuture<Void> {
        lineCount += 1
        let line = ChaosLine(core: self, number: lineCount, front: front)
        lines[line.number] = line
        let bound = NIOLoopBound(line, eventLoop: loop)
        ClientBootstrap(group: loop)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { [loop] back in
                loop.makeCompletedFuture { try back.pipeline.syncOperations.addHandler(bound.value.end(.down)) }
            }
            .connect(host: target.host, port: target.port)
            .whenComplete { result in
                switch result {
                case .success(let back): bound.value.connected(back)
                case .failure: bound.value.close(.reset)
                }
            }
        return loop.makeCompletedFuture { try front.pipeline.syncOperations.addHandler(line.end(.up)) }
    }

    func forget(_ line: ChaosLine) {
        lines[line.number] = nil
        if swapped === line { swapped = nil }
    }

    var openConnections: Int { lines.count }

    /// Sends a POST on a connection of its own, whose answer goes to nobody.
    func send(_ copy: ByteBuffer) {
        tellOf("repeat: a POST goes twice", on: 1)
        guard echoes.count < Self.echoLimit else { return }
        let bound = NIOLoopBound(self, eventLoop: loop)
        ClientBootstrap(group: loop)
            .connect(host: target.host, port: target.port)
            .whenSuccess { channel in
                let core = bound.value
                guard !core.isStopped else { return channel.close(promise: nil) }
                core.echoes[ObjectIdentifier(channel)] = channel
                channel.closeFuture.whenComplete { _ in bound.value.echoes[ObjectIdentifier(channel)] = nil }
                channel.writeAndFlush(copy, promise: nil)
                core.later(.seconds(2)) { channel.close(promise: nil) }
            }
    }

    // MARK: The plan

    /// Forgets what was, and begins with a plan.
    ///
    /// - Returns: when it listens.
    func run(_ plan: ChaosPlan, seed: UInt64, cutting: Bool) -> EventLoopFuture<Void> {
        let listening = heal()
        if cutting { closeAll() }
        random = SeededGenerator(seed: seed)
        startedAt = .now()
        passed = [:]
        schedule(plan)
        return listening
    }

    private func schedule(_ plan: ChaosPlan) {
        let bound = NIOLoopBound((self, plan), eventLoop: loop)
        for step in plan.steps {
            switch step.moment {
            case .after(let time): later(time) { bound.value.0.begin(step) }
            case .every(let time): repeatedly(time, step)
            case .bytes(let count, let direction):
                waitingForBytes.append((passed[direction, default: 0] + count, direction, step))
            }
        }
        if let period = plan.period { later(period) { bound.value.0.schedule(bound.value.1) } }
    }

    private func repeatedly(_ time: TimeAmount, _ step: ChaosPlan.Step) {
        let bound = NIOLoopBound(self, eventLoop: loop)
        later(max(time, .milliseconds(1))) {
            bound.value.begin(step)
            bound.value.repeatedly(time, step)
        }
    }

    func begin(_ step: ChaosPlan.Step) { cause(step.fault, for: step.duration) }

    func cause(_ fault: ChaosFault, for duration: TimeAmount?) {
        guard !isStopped else { return }
        let all = lines.keys.sorted().compactMap { lines[$0] }
        var touched = all
        switch fault {
        case .cut(let scope):
            touched = pick(scope, all)
            for line in touched { line.close(.cut) }
        case .reset(let scope):
            touched = pick(scope, all)
            for line in touched { line.close(.reset) }
        case .halfClose(let direction, let scope):
            touched = pick(scope, all)
            for line in touched { line.halfClose(direction) }
        case .corrupt(let direction): armed.corruptions[direction, default: 0] += 1
        case .repeatPost: armed.repeats += 1
        case .swapPosts: armed.swaps += 1
        case .answer(let status, let location): armed.answers.append((status, location))
        case .stall, .delay, .limit, .buffer, .refuse: last(fault, for: duration)
        }
        tellOf("\(fault)" + (duration.map { " for \(ChaosText.time($0))" } ?? ""), on: touched.count)
    }

    private func pick(_ scope: ChaosScope, _ all: [ChaosLine]) -> [ChaosLine] {
        scope == .all || all.isEmpty ? all : [random.pick(all)]
    }

    private func last(_ fault: ChaosFault, for duration: TimeAmount?) {
        timerCount += 1
        let id = timerCount
        lasting.append((id, fault))
        changed()
        guard let duration else { return }
        let bound = NIOLoopBound(self, eventLoop: loop)
        later(duration) {
            let core = bound.value
            core.lasting.removeAll { $0.id == id }
            core.changed()
            core.tellOf("\(fault) ended", on: core.lines.count)
        }
    }

    /// What lasts has changed.
    private func changed() {
        let before = conditions
        conditions = ChaosConditions(lasting.map(\.fault))
        if conditions.refuses, let listener {
            self.listener = nil
            listener.close(promise: nil)
        } else if before.refuses, !conditions.refuses {
            listenAgain()
        }
        for line in lines.values {
            if before.buffersRequests, !conditions.buffersRequests { line.requests.release() }
            if before.buffersResponses, !conditions.buffersResponses { line.responses.release() }
            line.pump()
        }
    }

    /// Ends every fault, and what is planned.
    ///
    /// - Returns: when it listens, where connections were refused.
    @discardableResult
    func heal() -> EventLoopFuture<Void> {
        for timer in timers.values { timer.cancel() }
        timers = [:]
        armed = Armed()
        waitingForBytes = []
        lasting = []
        releaseSwapped()
        changed()
        return listener == nil ? listenAgain() : loop.makeSucceededVoidFuture()
    }

    private func closeAll() {
        for line in Array(lines.values) { line.close(.cut) }
        for channel in Array(echoes.values) { channel.close(promise: nil) }
    }

    func stop() -> EventLoopFuture<Void> {
        isStopped = true
        heal()
        closeAll()
        defer { listener = nil }
        return listener.map { $0.close().recover { _ in } } ?? loop.makeSucceededVoidFuture()
    }

    // MARK: What connections ask

    func nextDelay() -> TimeAmount {
        let jitter = conditions.jitter.nanoseconds
        guard jitter > 0 else { return conditions.delay }
        return conditions.delay + .nanoseconds(Int64(random.next() % UInt64(jitter)))
    }

    /// Counts what passes: how much of it goes before something that waits for it, and that.
    func passing(_ count: Int, _ direction: ChaosDirection) -> (count: Int, then: [ChaosPlan.Step]) {
        let before = passed[direction, default: 0]
        let due = waitingForBytes.filter { $0.direction == direction && $0.count <= before + count }
        guard let first = due.map(\.count).min() else {
            passed[direction] = before + count
            return (count, [])
        }
        let at = max(first, before + 1)
        passed[direction] = at
        waitingForBytes.removeAll { $0.direction == direction && $0.count <= at }
        return (at - before, due.filter { $0.count <= at }.map(\.step))
    }

    func corrupt(_ bytes: inout ByteBuffer, _ direction: ChaosDirection) {
        guard let left = armed.corruptions[direction], left > 0, bytes.readableBytes > 0 else { return }
        armed.corruptions[direction] = left - 1
        let index = bytes.readerIndex + random.number(0...(bytes.readableBytes - 1))
        guard let old = bytes.getInteger(at: index, as: UInt8.self) else { return }
        let new = old ^ UInt8(truncatingIfNeeded: random.number(1...255))
        bytes.setInteger(new, at: index)
        tellOf("corrupt: \(old) became \(new), byte \(index - bytes.readerIndex) of \(bytes.readableBytes)", on: 1)
    }

    func takeAnswer() -> (status: Int, location: String?)? { armed.answers.popFirst() }

    func takeRepeat() -> Bool {
        guard armed.repeats > 0 else { return false }
        armed.repeats -= 1
        return true
    }

    /// Whether a POST that begins on this line is to wait for another one.
    func takeSwap(_ line: ChaosLine) -> Bool {
        guard armed.swaps > 0, swapped == nil else { return false }
        armed.swaps -= 1
        swapped = line
        let bound = NIOLoopBound((self, line), eventLoop: loop)
        later(Self.swapPatience) {
            let (core, line) = bound.value
            if core.swapped === line { core.releaseSwapped() }
        }
        return true
    }

    /// A POST went whole: one that waits for it follows.
    func postPassed(on line: ChaosLine) {
        guard let swapped, swapped !== line else { return }
        tellOf("swap: a POST went before another", on: 2)
        let bound = NIOLoopBound((self, swapped), eventLoop: loop)
        later(.milliseconds(5)) {
            let (core, line) = bound.value
            if core.swapped === line { core.releaseSwapped() }
        }
    }

    private func releaseSwapped() {
        swapped?.requests.release()
        swapped = nil
    }

    /// Does something later, unless all is healed or stopped before.
    func later(_ time: TimeAmount, _ body: @escaping @Sendable () -> Void) {
        timerCount += 1
        let id = timerCount
        let bound = NIOLoopBound(self, eventLoop: loop)
        timers[id] = loop.scheduleTask(in: time) {
            // The loop may have taken it up before it was cancelled.
            guard bound.value.timers.removeValue(forKey: id) != nil else { return }
            body()
        }
    }

    func tellOf(_ what: String, on connections: Int) {
        tell?(ChaosEvent(time: .now() - startedAt, what: what, connections: connections))
    }
}
