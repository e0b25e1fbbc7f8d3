internal import NIOCore
internal import NIOHTTP1

/// Sends requests with finite bodies to one endpoint, over connections that it keeps for the next one; all of it on
/// one event loop.
///
/// A request that a kept connection lost before anything of an answer came is sent once more over a new one, as the
/// web server may have closed the connection in the same moment; the session protocol makes repeats harmless.
final class RequestPool {
    typealias Completion = (Result<FiniteResponse, ConnectError>) -> Void

    /// One request, for ``cancel(_:)``.
    final class Request {
        fileprivate let head: HTTPRequestHead
        fileprivate let body: ByteBuffer
        fileprivate let completion: Completion
        /// Its connection, once it has one.
        fileprivate var connection: RequestConnection?
        fileprivate var isRepeated = false

        fileprivate init(_ head: HTTPRequestHead, body: ByteBuffer, completion: @escaping Completion) {
            self.head = head
            self.body = body
            self.completion = completion
        }
    }

    private let dialer: Dialer
    private let eventLoop: any EventLoop
    /// Those under way: a handful.
    private var requests: [Request] = []
    private var idle: [RequestConnection] = []
    private var isClosing = false
    private var whenIdle: (() -> Void)?

    /// Connections that wait for their next request; more are closed.
    private static let idleLimit = 4

    init(dialer: Dialer, eventLoop: any EventLoop) {
        self.dialer = dialer
        self.eventLoop = eventLoop
    }

    /// Sends a request; `completion` is called once, never before this returns, unless the request is cancelled.
    @discardableResult
    func send(_ head: HTTPRequestHead, body: ByteBuffer, completion: @escaping Completion) -> Request {
        let request = Request(head, body: body, completion: completion)
        requests.append(request)
        if let connection = idle.popLast() {
            begin(request, on: connection)
        } else {
            connect(for: request)
        }
        return request
    }

    /// Gives a request up: its connection is closed, and it is not completed.
    func cancel(_ request: Request) { if take(request) { request.connection?.close() } }

    /// Closes every connection once the requests under way are answered, or have failed; then calls `done`.
    func closeWhenIdle(_ done: (() -> Void)? = nil) {
        isClosing = true
        for connection in idle { connection.close() }
        idle = []
        guard !requests.isEmpty else {
            done?()
            return
        }
        whenIdle = done
    }

    /// Takes a request from those under way.
    ///
    /// - Returns: whether it was one of them.
    private func take(_ request: Request) -> Bool {
        guard let index = requests.firstIndex(where: { $0 === request }) else { return false }
        requests.remove(at: index)
        if requests.isEmpty, let done = whenIdle {
            whenIdle = nil
            done()
        }
        return true
    }

    private func fail(_ request: Request, _ why: ConnectError) {
        if take(request) { request.completion(.failure(why)) }
    }

    private func connect(for request: Request) {
        let request = NIOLoopBound(request, eventLoop: eventLoop)
        let pool = NIOLoopBound(self, eventLoop: eventLoop)
        let connection = RequestConnection(dialer: dialer) { pool.value.connectionGone($0, why: $1) }
        let line = NIOLoopBound(connection, eventLoop: eventLoop)
        dialer.connect(on: eventLoop) { line.value }.whenComplete { result in
            let (pool, request) = (pool.value, request.value)
            switch result {
            case .success:
                guard pool.requests.contains(where: { $0 === request }) else { return line.value.close() }
                pool.begin(request, on: line.value)
            case .failure(let error):
                var why = DialFailure.dialling(error, dialer: pool.dialer)
                why.isAboutHost = true
                pool.fail(request, why)
            }
        }
    }

    private func begin(_ request: Request, on connection: RequestConnection) {
        guard !connection.isGone else {
            // It ended in the very moment it was made.
            let bound = NIOLoopBound((pool: self, request: request), eventLoop: eventLoop)
            return eventLoop.execute {
                bound.value.pool.fail(bound.value.request, ConnectError(.unreachable, "the connection was closed"))
            }
        }
        request.connection = connection
        connection.send(request.head, body: request.body) { [self] response, isReusable in
            let isAwaited = take(request)
            if isReusable, !isClosing, idle.count < Self.idleLimit {
                idle.append(connection)
            } else {
                connection.close()
            }
            if isAwaited { request.completion(.success(response)) }
        }
    }

    /// A connection ended by itself, perhaps with a request on it.
    private func connectionGone(_ connection: RequestConnection, why: ConnectError) {
        idle.removeAll { $0 === connection }
        guard let request = requests.first(where: { $0.connection === connection }) else { return }
        if connection.wasReused, !connection.hasAnswerBegun, !request.isRepeated {
            request.isRepeated = true
            request.connection = nil
            return connect(for: request)
        }
        fail(request, why)
    }
}
