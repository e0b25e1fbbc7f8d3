internal import ArgumentParser
internal import Foundation
internal import LongwireClient

/// The flags about forward proxies (Docs/proxies.md).
struct ProxyOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp("A forward proxy; else as http_proxy says.", valueName: "url"))
    var proxy: String?

    @Option(
        name: .long,
        help: ArgumentHelp("The same from a file, for a URL with a password.", valueName: "file", visibility: .hidden),
        completion: .file())
    var proxyFile: ProxyFile?

    @Flag(name: .long, help: ArgumentHelp("No forward proxy, whatever the environment says.", visibility: .hidden))
    var noProxy = false

    @Flag(name: .long, help: ArgumentHelp("Ask the proxy for a tunnel also for http.", visibility: .hidden))
    var proxyTunnel = false

    func validate() throws {
        guard proxy == nil || !noProxy else { throw ValidationError("--proxy and --no-proxy contradict each other") }
        guard proxyFile == nil || !noProxy && proxy == nil else {
            throw ValidationError(
                "--proxy-file and \(noProxy ? "--no-proxy" : "--proxy") contradict each other; choose one")
        }
        if let proxyFile, proxyFile.url == nil {
            throw ValidationError(
                "--proxy-file \(proxyFile.path): no URL is there; it is one line such as http://proxy.example:3128")
        }
    }

    /// What is to be told of how the proxy was named; nil where nothing is.
    var advice: String? {
        guard let proxy else { return nil }
        let rest = proxy.firstRange(of: "://").map { proxy[$0.upperBound...] } ?? proxy[...]
        let authority = rest.prefix { !"/?#".contains($0) }
        guard let at = authority.lastIndex(of: "@"), authority[..<at].contains(":") else { return nil }
        return "everybody on this machine can read the password behind --proxy; put the URL into a file "
            + "(--proxy-file), or into http_proxy"
    }

    /// What the library is told of it.
    func apply(to configuration: inout ClientConfiguration) {
        if noProxy { configuration.proxy = .none }
        if let url = proxy ?? proxyFile?.url { configuration.proxy = .url(url) }
        configuration.proxyTunnel = proxyTunnel
    }
}

/// A file with the URL of a proxy, which is read once: it may be a pipe.
struct ProxyFile: ExpressibleByArgument {
    let path: String
    /// The URL; nil where there is none.
    let url: String?

    init?(argument: String) {
        path = argument
        guard let data = FileManager.default.contents(atPath: argument), data.count <= 16 * 1024 else {
            url = nil
            return
        }
        let text = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        url = text.isEmpty || text.contains(where: \.isNewline) ? nil : text
    }
}
