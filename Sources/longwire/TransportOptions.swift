internal import ArgumentParser
internal import LongwireClient

/// The flags about what carries a session (Docs/lines.md).
struct TransportOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp("Only these: \(TransportNames.list(", ")).", valueName: "names"),
        completion: .list(TransportNames.all))
    var transport: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Where the server takes bare TCP, at the URL's host or another; else as it says.",
            valueName: "[host:]port", visibility: .hidden))
    var tcp: String?

    @Flag(
        name: .long,
        help: ArgumentHelp("Ask for checksums, where the URL is http.", visibility: .hidden))
    var checksum = false

    func validate() throws {
        if let transport, TransportNames.read(transport) == nil {
            throw ValidationError(
                "--transport \(transport): write one or several of \(TransportNames.list(", ")), each once, with commas "
                    + "between them")
        }
        if let tcp, DirectTCP(tcp) == nil {
            throw ValidationError("--tcp \(tcp): write PORT or HOST:PORT, such as 9001 or [::1]:9001")
        }
        if let transport, tcp == nil, TransportNames.read(transport) == [.tcp] {
            throw ValidationError("--transport tcp needs --tcp PORT: there is nobody to ask for the port")
        }
    }

    /// What the library is told of it.
    func apply(to configuration: inout ClientConfiguration) {
        if let named = transport.flatMap({ TransportNames.read($0) }) { configuration.transports = named }
        configuration.directTCP = tcp.flatMap { DirectTCP($0) }
        configuration.checksum = checksum
    }
}

/// Transports as people write them.
enum TransportNames {
    static let all = ClientConfiguration().transports.map { "\($0)" }

    static func list(_ separator: String) -> String { all.joined(separator: separator) }

    /// Nil for what is no list of them, or names one twice.
    static func read(_ text: String) -> [TransportKind]? {
        var kinds: [TransportKind] = []
        for name in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let kind = ClientConfiguration().transports.first(where: { "\($0)" == name }), !kinds.contains(kind)
            else { return nil }
            kinds.append(kind)
        }
        return kinds
    }
}
