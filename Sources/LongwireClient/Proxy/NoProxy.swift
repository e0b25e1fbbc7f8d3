internal import LongwireTransport

/// The hosts that are reached without a proxy: the value of `NO_PROXY`.
///
/// Entries are parted by commas or spaces. A name stands for itself and for all names below it, a dot or `*.` before
/// it changes nothing; an address stands for itself, with `/bits` for its network; `:port` behind either limits it to
/// that port; `*` stands for everything.
struct NoProxy: Sendable {
    private enum Place: Sendable {
        case everything
        case name(String)
        case network(AddressRange)
    }

    private var entries: [(place: Place, port: Int?)] = []

    init(_ value: String) {
        for entry in value.split(whereSeparator: { ", \t".contains($0) }) {
            if entry == "*" {
                entries.append((.everything, nil))
            } else if let range = AddressRange(entry) {
                entries.append((.network(range), nil))
            } else if let (host, port) = HostAndPort.split(entry) {
                if let range = AddressRange(host) {
                    entries.append((.network(range), port))
                } else {
                    let name = Self.name(host.hasPrefix("*.") ? host.dropFirst(2) : host)
                    if !name.isEmpty { entries.append((.name(name), port)) }
                }
            }
        }
    }

    /// Whether this host is one of them.
    func holds(host: String, port: Int) -> Bool {
        let address = AddressRange(host[...])
        let name = Self.name(host[...])
        return entries.contains { entry in
            guard entry.port == nil || entry.port == port else { return false }
            switch entry.place {
            case .everything: return true
            case .name(let ending): return address == nil && (name == ending || name.hasSuffix("." + ending))
            case .network(let range): return address.map { range.contains($0) } ?? false
            }
        }
    }

    /// A name without the dots that change nothing.
    private static func name(_ text: Substring) -> String {
        var text = text
        while text.first == "." { text.removeFirst() }
        if text.last == "." { text.removeLast() }
        return text.lowercased()
    }
}
