/// Under which names a listener of HTTP may be asked: a page whose name was made to lead to this machine is not let in.
///
/// Browsers take a page and what it asks for as one site when both have one name, wherever the name leads.
struct AllowedHosts: Sendable, Equatable {
    /// Lower case, without ports; nil for every name.
    private let names: Set<String>?

    /// - Parameters:
    ///   - names: what is configured; `*` for every name.
    ///   - host: where the listener listens, as it is configured.
    ///   - isLoopback: whether only this machine reaches it.
    init(_ names: [String], host: String, isLoopback: Bool) {
        guard !names.contains("*"), !names.isEmpty || isLoopback else {
            self.names = nil
            return
        }
        var all = Set(names.map(Self.name))
        if isLoopback { all.formUnion(["localhost", "127.0.0.1", "::1", Self.name(host)]) }
        self.names = all
    }

    /// Why something cannot be configured; nil where it can.
    static func complaint(about name: String) -> String? {
        let isName = name == "*" || !name.isEmpty && !name.contains { "/@?#, ".contains($0) }
        return isName ? nil : "\"\(name)\" is no host's name; write one such as example.org, or * for every one"
    }

    /// Whether a request for this host, with its port where it has one, may be served; one that names none is not from
    /// a browser.
    func admit(_ authority: String?) -> Bool {
        guard let names, let authority, !authority.isEmpty else { return true }
        return names.contains(Self.name(authority))
    }

    /// Without port, brackets and the dot at the end.
    private static func name(_ authority: String) -> String {
        var name = authority.lowercased()[...]
        if name.hasPrefix("[") {
            return String(name.dropFirst().prefix { $0 != "]" })
        }
        if let colon = name.firstIndex(of: ":"), colon == name.lastIndex(of: ":") { name = name[..<colon] }
        if name.hasSuffix(".") { name.removeLast() }
        return String(name)
    }
}
