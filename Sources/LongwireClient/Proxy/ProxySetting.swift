/// Through which forward proxy a client reaches servers.
public enum ProxySetting: Sendable, Equatable {
    /// As the environment says: `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, or the same in capitals.
    ///
    /// The names in small letters go first, and an empty value is none, as with curl. `HTTP_PROXY` is not looked at
    /// where `REQUEST_METHOD` is set: in a CGI program the client's `Proxy` header would become it.
    case fromEnvironment
    /// None, whatever the environment says.
    case none
    /// This one, for every server: `http://proxy.example:3128`, with `user:password@` before the host where it asks
    /// for them, percent-encoded.
    case url(String)
}

extension ProxySetting: CustomStringConvertible, CustomDebugStringConvertible {
    /// Says nothing of the URL, which may hold a password.
    public var description: String {
        switch self {
        case .fromEnvironment: "from the environment"
        case .none: "none"
        case .url: "by URL"
        }
    }

    /// The same as ``description``.
    public var debugDescription: String { description }
}
