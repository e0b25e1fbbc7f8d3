/// What a listener of HTTP knows of all its connections.
struct ListenerFacts: Sendable {
    /// Whether they speak TLS.
    var isSecure = false
    /// Under which names it may be asked; nil for every name.
    var hosts: AllowedHosts?
}
