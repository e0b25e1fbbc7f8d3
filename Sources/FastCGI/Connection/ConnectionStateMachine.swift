internal import NIOCore

/// What a FastCGI connection is in the middle of: pure rules, without a channel.
///
/// Records go in, one action comes out. A request is in one of three phases: its parameters come (exits: their empty
/// record, a refusal, an abort), its body comes (exits: the empty STDIN, a refusal, an abort, the end of the response),
/// its body has ended (exits: an abort, a refusal, the end of the response). A request that has left the table is
/// unknown; what still comes for it is ignored, as the specification wants (section 3.3).
///
/// The payload is what the caller attaches to a request once its head is known, so that each record costs one lookup.
struct ConnectionStateMachine<Payload> {
    private struct Request {
        var phase: Phase
        var payload: Payload?
        var keepsConnection: Bool
    }

    private enum Phase {
        case parameters(GatheredParameters)
        case body
        case bodyEnded
    }

    /// What the peer did that no single request can answer for.
    enum Violation: Error, Equatable {
        case wrongVersion(UInt8)
        case duplicateRequest(UInt16)
    }

    /// What to do about a record.
    enum Action {
        case ignore
        /// All parameters are here: attach a payload, or refuse.
        case head(UInt16, ByteBuffer)
        case body(Payload, ByteBuffer)
        case endOfBody(Payload)
        /// Answer END_REQUEST with this status: the request never opened.
        case reject(UInt16, ProtocolStatus)
        /// Answer with an HTTP error and END_REQUEST: the request is gone.
        case refuse(UInt16, Payload?, Refusal)
        /// Answer END_REQUEST: the request is gone.
        case abort(UInt16, Payload?)
        case getValues(ByteBuffer)
        case unknownType(RecordType)
        case violation(Violation)
    }

    private let limits: RequestLimits
    private var requests = RequestTable<Request>()
    // Small ones stand together: alone, each takes a word.
    /// The connection is to close when its last request ends.
    private(set) var isEnding = false
    /// Whether a connection may outlive its requests at all.
    private var mayKeep = true
    /// A request ended before its input did: closing at once would reset the connection under the response.
    private(set) var hasUnreadInput = false
    /// Whether a head was ever complete; before the first, the clock runs from the start of the connection.
    private(set) var hasServed = false
    private var parametersPending: UInt16 = 0

    init(limits: RequestLimits) {
        self.limits = limits
    }

    var openRequests: Int { self.requests.count }

    /// Whether nothing is left to do but close.
    var isFinished: Bool { self.isEnding && self.requests.isEmpty }

    /// Whether a request waits for the rest of its parameters.
    var awaitsParameters: Bool { self.parametersPending > 0 }

    /// Since when the oldest incomplete head is under way.
    var oldestIncompleteHead: NIODeadline? {
        guard self.awaitsParameters else { return nil }
        return self.requests.values.compactMap { request in
            if case .parameters(let gathered) = request.phase { gathered.since } else { nil }
        }.min()
    }

    /// The payloads of all requests that have one.
    var payloads: [Payload] { self.requests.values.compactMap(\.payload) }

    /// The payload of the only request, where there is one request.
    var onlyPayload: Payload? { self.requests.only?.payload }

    /// Takes one record; `now` is asked only when a request begins.
    mutating func received(
        _ header: RecordHeader, _ content: ByteBuffer, now: () -> NIODeadline
    ) -> Action {
        let id = header.requestID
        guard id != RecordHeader.managementID else {
            return header.type == .getValues ? .getValues(content) : .unknownType(header.type)
        }
        switch header.type {
        case .stdin: return self.stdin(id, content)
        case .params: return self.parameters(id, content)
        case .beginRequest: return self.begin(id, content, now: now)
        case .abortRequest: return self.abort(id)
        case .data where self.requests[id] != nil:
            return self.refuse(id, "DATA records belong to the filter role; this is a responder.")
        default: return .ignore
        }
    }

    /// The application has taken on the request whose head was complete.
    mutating func attach(_ payload: Payload, to id: UInt16) {
        guard var request = self.requests.remove(id) else { return }
        request.payload = payload
        self.requests[id] = request
    }

    /// The application has ended a request.
    ///
    /// False when the request was gone already.
    mutating func finish(_ id: UInt16) -> Bool {
        self.remove(id) != nil
    }

    /// No new requests: the connection ends with those it has.
    mutating func drain() {
        self.isEnding = true
    }

    /// The connection ends with the next request that ends, whatever the peer asks for; requests are still served.
    mutating func keepsNoConnection() {
        self.mayKeep = false
    }

    /// The connection is gone; returns the payloads of the requests it carried.
    mutating func connectionClosed() -> [Payload] {
        let requests = self.requests.removeAll()
        self.limits.gauge.release(requests.count)
        self.parametersPending = 0
        self.isEnding = true
        return requests.compactMap(\.payload)
    }

    private mutating func begin(_ id: UInt16, _ content: ByteBuffer, now: () -> NIODeadline) -> Action {
        guard self.requests[id] == nil else { return .violation(.duplicateRequest(id)) }
        guard let begin = BeginRequest(content: content) else {
            return .refuse(id, nil, .malformed("BEGIN_REQUEST does not have eight bytes."))
        }
        // A request that keeps no connection ends it, refused or not, unless others still need it.
        guard begin.role == .responder else { return self.reject(id, .unknownRole, begin) }
        guard !self.isEnding else { return self.reject(id, .overloaded, begin) }
        guard self.requests.count < self.limits.maximumRequests else {
            return self.reject(id, self.limits.maximumRequests == 1 ? .cannotMultiplex : .overloaded, begin)
        }
        guard self.limits.gauge.acquire() else { return self.reject(id, .overloaded, begin) }
        self.parametersPending += 1
        self.requests[id] = Request(
            phase: .parameters(GatheredParameters(since: now())), payload: nil, keepsConnection: begin.keepsConnection)
        return .ignore
    }

    private mutating func reject(_ id: UInt16, _ status: ProtocolStatus, _ begin: BeginRequest) -> Action {
        if !begin.keepsConnection {
            self.isEnding = true
            self.hasUnreadInput = true
        }
        return .reject(id, status)
    }

    private mutating func parameters(_ id: UInt16, _ content: ByteBuffer) -> Action {
        guard var request = self.requests[id] else { return .ignore }
        guard case .parameters(let gathered) = request.phase else {
            return self.refuse(id, "PARAMS came after the end of the parameters.")
        }
        if content.readableBytes == 0 {
            request.phase = .body
            self.requests[id] = request
            self.parametersPending -= 1
            self.hasServed = true
            return .head(id, gathered.bytes)
        }
        if gathered.bytes.readableBytes + content.readableBytes > self.limits.maximumParameterBytes {
            return self.refuse(id, .tooLarge("maximumParameterBytes", self.limits.maximumParameterBytes))
        }
        gathered.append(content)
        return .ignore
    }

    private mutating func stdin(_ id: UInt16, _ content: ByteBuffer) -> Action {
        guard let request = self.requests[id] else { return .ignore }
        switch request.phase {
        case .body:
            // Between the head and its payload nothing is read, so the payload is there.
            guard let payload = request.payload else { return .ignore }
            if content.readableBytes > 0 { return .body(payload, content) }
            var ended = request
            ended.phase = .bodyEnded
            self.requests[id] = ended
            return .endOfBody(payload)
        case .parameters:
            return self.refuse(id, "STDIN came before the end of the parameters.")
        case .bodyEnded:
            return self.refuse(id, "STDIN came after its end.")
        }
    }

    private mutating func abort(_ id: UInt16) -> Action {
        guard let request = self.remove(id) else { return .ignore }
        return .abort(id, request.payload)
    }

    private mutating func refuse(_ id: UInt16, _ reason: String) -> Action {
        self.refuse(id, .malformed(reason))
    }

    private mutating func refuse(_ id: UInt16, _ refusal: Refusal) -> Action {
        let request = self.remove(id)
        return .refuse(id, request?.payload, refusal)
    }

    private mutating func remove(_ id: UInt16) -> Request? {
        guard let request = self.requests.remove(id) else { return nil }
        self.limits.gauge.release()
        if !request.keepsConnection || !self.mayKeep { self.isEnding = true }
        switch request.phase {
        case .parameters:
            self.parametersPending -= 1
            self.hasUnreadInput = true
        case .body:
            self.hasUnreadInput = true
        case .bodyEnded:
            break
        }
        return request
    }
}
