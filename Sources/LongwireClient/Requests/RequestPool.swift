internal import NIOCore
internal import NIOHTTP1

/// Sends requests with finite bodies to one endpoint, over connections that it keeps for the next one; all of it on
/// one event loop.
///
/// A request that a kept connection lost before anything of an answer came is sent once more over a new one, as the
/// web server may have closed the connection in the same moment; the session protocol makes repeats harmless.
final class RequestPool {
    /// Names a request for ``cancel(_:)``.
    struct Ticket: Hashable {
        fileprivate var number: UInt64
    }

    typealias Completion = (Result<FiniteResponse, ConnectError>) -> Void

    private struct Request {
        var head: HTTPRequestHead
        var body: ByteBuffer
        var completion: Completion
        /// Its connection, once it has one.
        var connection: RequestConnection?
        var isRepeated = false
    }

    private let dialer: Dialer
    private let eventLoop: any EventLoop
    private var requests: [Ticket: Request] = [:]
    private var idle: [RequestConnection] = []
    private var tickets: UInt64 = 0
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
    func send(_ head: HTTPRequestHead, body: ByteBuffer, completion: @escaping Completion) -> Ticket {
        tickets += 1
        let ticket = Ticket(number: tickets)
        requests[ticket] = Request(head: head, body: body, completion: completion)
        if let connection = idle.popLast() {
            begin(ticket, on: connection)
        } else {
            connect(for: ticket)
        }
        return ticket
    }

    /// Gives a request up: its connection is closed, and it is not completed.
    func cancel(_ ticket: Ticket) { take(ticket)?.connection?.close() }

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
    private func take(_ ticket: Ticket) -> Request? {
        let request = requests.removeValue(forKey: ticket)
        if requests.isEmpty, let done = whenIdle {
            whenIdle = nil
            done()
        }
        return request
    }

    private func connect(for ticket: Ticket) {
        let pool = NIOLoopBound(self, eventLoop: eventLoop)
        let connection = RequestConnection(dialer: dialer) { pool.value.connectionGone($0, why: $1) }
        let bound = NIOLoopBound(connection, eventLoop: eventLoop)
        dialer.connect(on: eventLoop) { bound.value }.whenComplete { result in
            switch result {
            case .success:
                guard pool.value.requests[ticket] != nil else { return bound.value.close() }
                pool.value.begin(ticket, on: bound.value)
            case .failure(let error):
                var why = DialFailure.dialling(error, dialer: pool.value.dialer)
                why.isAboutHost = true
                pool.value.take(ticket)?.completion(.failure(why))
            }
        }
    }

    private func begin(_ ticket: Ticket, on connection: RequestConnection) {
        guard let request = requests[ticket] else { return }
        guard !connection.isGone else {
            // It ended in the very moment it was made.
            let pool = NIOLoopBound(self, eventLoop: eventLoop)
            return eventLoop.execute {
                let why = ConnectError(.unreachable, "the connection was closed")
                pool.value.take(ticket)?.completion(.failure(why))
            }
        }
        requests[ticket]?.connection = connection
        connection.send(request.head, body: request.body) { [self] response, isReusable in
            let completion = take(ticket)?.completion
            if isReusable, !isClosing, idle.count < Self.idleLimit {
                idle.append(connection)
            } else {
                connection.close()
            }
            completion?(.success(response))
        }
    }

    /// A connection ended by itself, perhaps with a request on it.
    private func connectionGone(_ connection: RequestConnection, why: ConnectError) {
        idle.removeAll { $0 === connection }
        guard let (ticket, request) = requests.first(where: { $0.value.connection === connection }) else { return }
        if connection.wasReused, !connection.hasAnswerBegun, !request.isRepeated {
            requests[ticket]?.isRepeated = true
            requests[ticket]?.connection = nil
            return connect(for: ticket)
        }
        take(ticket)?.completion(.failure(why))
    }
}
