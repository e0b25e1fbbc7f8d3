internal import HTTPTypes
internal import Logging
internal import LongwireProtocol
internal import NIOCore

extension Mount {
    /// Asks who sends a request, and goes on with it or answers it.
    func ask(
        _ rule: any AccessRule, _ request: SessionRequest, _ exchange: any HTTPExchange,
        serve: @escaping (SessionRequest) -> Void
    ) {
        let settle = { [self] (verdict: AccessVerdict) in
            switch admit(verdict, request) {
            case .admitted(let request): serve(request)
            case .denied(let denial): denial.problem(challenge: rule.challenge).answer(exchange)
            }
        }
        switch rule.judge(request) {
        case .now(let verdict): settle(verdict)
        case .later(let find):
            let session = configuration.session
            let limit = max(greatestWindow + 4 * (FrameLimits.value + 64), session.messageLimit)
            let pending = PendingRequest(
                exchange, limit: limit, account: bodies, patience: session.timeToOpen, settled: settle)
            exchange.receiver = pending
            AccessAnswer.later(find).verdict(on: exchange.eventLoop) {
                [pending = NIOLoopBound(pending, eventLoop: exchange.eventLoop)] in
                pending.value.settle($0)
            }
        }
    }

    /// What a verdict comes to.
    enum Admittance {
        /// The request with its principal.
        case admitted(SessionRequest)
        case denied(Denial)
    }

    /// Takes a verdict: counts failures and logs them.
    func admit(_ verdict: AccessVerdict, _ request: SessionRequest) -> Admittance {
        var request = request
        switch verdict {
        case .allowed(let principal, let proof):
            guard principal.map(AccessPrincipal.isValid) ?? true else {
                return .denied(deny(.forbidden("the name of who asks cannot be used"), request))
            }
            request.principal = principal
            request.proof = proof
            return .admitted(request)
        case .missing: return .denied(.missing)
        case .refused(let why, let logged): return .denied(deny(.refused(why), request, logged: logged))
        case .forbidden(let why): return .denied(deny(.forbidden(why), request))
        case .unavailable(let why):
            logger.warning("cannot find out who asks", metadata: ["servlet": "\(request.servlet)", "why": "\(why)"])
            return .denied(.unavailable(why))
        }
    }

    private func deny(_ denial: Denial, _ request: SessionRequest, logged: String? = nil) -> Denial {
        guard failures.mayFail(request.remoteAddress, now: .now()) else { return .tooMany }
        logger.notice(
            "not let in",
            metadata: [
                "servlet": "\(request.servlet)", "address": "\(request.remoteAddress ?? "unknown")",
                "why": "\(logged ?? denial.sentence)",
            ])
        return denial
    }
}

/// Why somebody is not let in, as it is answered.
enum Denial: Equatable {
    case missing
    case refused(String)
    case forbidden(String)
    case unavailable(String)
    /// It failed too often.
    case tooMany

    var sentence: String {
        switch self {
        case .missing: "credentials are needed: Authorization: Bearer TOKEN"
        case .refused(let why), .forbidden(let why), .unavailable(let why): why
        case .tooMany: "too many failures; wait"
        }
    }

    /// The code where frames are spoken.
    var code: CloseCode {
        switch self {
        case .missing, .refused, .forbidden: .unauthorized
        case .unavailable, .tooMany: .overloaded
        }
    }

    func problem(challenge: String) -> Problem {
        let sentence = sentence.prefix(1).uppercased() + sentence.dropFirst() + "."
        switch self {
        case .missing:
            return Problem(
                status: .unauthorized, title: "Who are you?", detail: sentence, fields: [.wwwAuthenticate: challenge])
        case .refused:
            return Problem(
                status: .unauthorized, title: "Not let in", detail: sentence,
                fields: [.wwwAuthenticate: challenge + ", error=\"invalid_token\""])
        case .forbidden: return Problem(status: .forbidden, title: "Not let in", detail: sentence)
        case .unavailable:
            return Problem(
                status: .serviceUnavailable, title: "Not now", detail: sentence, fields: [.retryAfter: "5"])
        case .tooMany:
            return Problem(
                status: .tooManyRequests, title: "Not let in", detail: sentence, fields: [.retryAfter: "6"])
        }
    }
}

extension AccessAnswer {
    /// Tells `body` the verdict on `eventLoop`, at once where it is known.
    func verdict(on eventLoop: any EventLoop, _ body: @escaping @Sendable (AccessVerdict) -> Void) {
        switch self {
        case .now(let verdict): body(verdict)
        case .later(let find):
            Task { @concurrent in
                let verdict = await find()
                eventLoop.execute { body(verdict) }
            }
        }
    }
}
