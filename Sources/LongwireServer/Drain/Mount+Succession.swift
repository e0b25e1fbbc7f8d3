internal import HTTPTypes
package import LongwireProtocol
internal import LongwireSession
internal import NIOCore

extension Mount {
    /// Names the process that everything goes to from now on but the sessions that are here (Docs/service.md,
    /// "Upgrade").
    ///
    /// - Returns: the sessions that are here, also those that ended a moment ago.
    package func succeed(by heir: String) -> [SessionIdentifier] {
        let own = knownIdentifiers.union(plain.identifiers)
        routes.setHeir(heir, own: own)
        // Whoever came in between is ours, too.
        let late = knownIdentifiers.union(plain.identifiers)
        if late.count != own.count { routes.setHeir(heir, own: late) }
        return Array(late)
    }

    /// The heir did not come up: everything is as before.
    package func disinherit() { routes.setHeir(nil, own: []) }

    /// Sessions that another process has, and where it takes what comes for them.
    package func route(_ identifiers: [SessionIdentifier], to path: String) { routes.add(identifiers, at: path) }

    /// The process at `path` is gone, with its sessions.
    package func forgetRoutes(to path: String) { routes.forget(path) }

    /// The sessions of other processes, by where these are.
    package var routed: [String: [SessionIdentifier]] { routes.others }

    /// Passes a transaction on to the process that it is for.
    ///
    /// - Parameter isForwarded: whether another process has passed it on to this one.
    /// - Returns: whether there is one.
    func forward(
        _ head: HTTPRequest, _ exchange: any HTTPExchange, facts: ExchangeFacts, isForwarded: Bool
    ) -> Bool {
        let place = routes.place(of: head, isForwarded: isForwarded) { identifier in
            self.handle(of: identifier) != nil || self.plain.find(identifier) != nil
        }
        guard let place else { return false }
        Forwarder.forward(head, exchange, facts: facts, to: place) { self.routes.forget(place) }
        return true
    }
}
