import LongwireServer
import LongwireSession
import NIOConcurrencyHelpers

/// A rule that knows tokens by heart, and can be told to take its time.
final class NamedTokens: AccessRule {
    private let names: [String: String]
    private let delayed: String?
    private let waiting = NIOLockedValueBox<(isOpen: Bool, waiters: [CheckedContinuation<Void, Never>])>((false, []))

    /// - Parameter delayed: the name that is only told after ``release()``.
    init(_ names: [String: String], delayed: String? = nil) {
        self.names = names
        self.delayed = delayed
    }

    var isWaiting: Bool { waiting.withLockedValue { !$0.waiters.isEmpty } }

    func release() {
        let waiters = waiting.withLockedValue { state in
            defer { state = (true, []) }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    func judge(_ request: SessionRequest) -> AccessAnswer {
        guard let token = request.bearerToken else { return .now(.missing) }
        guard let name = names[token] else { return .now(.refused("the token is not known")) }
        guard name == delayed else { return .now(.allowed(principal: name)) }
        return .later { [waiting] in
            await withCheckedContinuation { continuation in
                let isOpen = waiting.withLockedValue { state in
                    if !state.isOpen { state.waiters.append(continuation) }
                    return state.isOpen
                }
                if isOpen { continuation.resume() }
            }
            return .allowed(principal: name)
        }
    }
}

/// Says who opened the session, then echoes.
struct WhoAmI: Servlet {
    func service(_ session: Session) async throws {
        try await session.send(session.principal ?? "nobody")
        for try await message in session.messages { try await session.send(message) }
    }
}
