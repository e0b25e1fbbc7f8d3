internal import ArgumentParser
internal import LongwireClient

/// The flags about forward proxies (Docs/proxies.md).
struct ProxyOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp("A forward proxy; else as http_proxy says.", valueName: "url"))
    var proxy: String?

    @Flag(name: .long, help: ArgumentHelp("No forward proxy, whatever the environment says.", visibility: .hidden))
    var noProxy = false

    @Flag(name: .long, help: ArgumentHelp("Ask the proxy for a tunnel also for http.", visibility: .hidden))
    var proxyTunnel = false

    func validate() throws {
        guard proxy == nil || !noProxy else { throw ValidationError("--proxy and --no-proxy contradict each other") }
    }

    /// What the library is told of it.
    func apply(to configuration: inout ClientConfiguration) {
        if noProxy { configuration.proxy = .none }
        if let proxy { configuration.proxy = .url(proxy) }
        configuration.proxyTunnel = proxyTunnel
    }
}
