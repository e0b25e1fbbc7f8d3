internal import HTTPTypes
internal import LongwireSession

/// The environment of a program: CGI's (RFC 3875, section 4.1), and nothing of this process's own.
enum ProgramEnvironment {
    /// Where programs are looked for.
    static let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// Header fields that never become variables: secrets, and what programs would take for something else.
    private static let withheld: Set<String> = [
        "authorization", "proxy-authorization", "proxy", "longwire-token", "longwire-open", "content-type",
        "content-length", "transfer-encoding", "connection",
    ]

    /// What the web server says besides, where it does.
    static let serverVariables = [
        "AUTH_TYPE", "HTTPS", "REMOTE_PORT", "REQUEST_SCHEME", "SERVER_ADDR", "SERVER_NAME", "SERVER_PORT",
        "SERVER_PROTOCOL", "SERVER_SOFTWARE",
    ]

    static func variables(
        of request: SessionRequest, session: SessionIdentifier, configured: [String: String]
    ) -> [String: String] {
        var variables: [String: String] = [
            "GATEWAY_INTERFACE": "CGI/1.1",
            "LONGWIRE_SESSION": session.description,
            "PATH": path,
            "PATH_INFO": "",
            "REQUEST_METHOD": request.head.method.rawValue,
            "SCRIPT_NAME": (request.mountPath == "/" ? "" : request.mountPath) + "/" + request.servlet,
            "SERVER_SOFTWARE": "longwire",
        ]
        for name in serverVariables { if let value = request.variables[name] { variables[name] = value } }
        variables["REMOTE_ADDR"] = request.remoteAddress
        variables["REMOTE_USER"] = request.principal
        let target = request.head.path ?? ""
        variables["REQUEST_URI"] = target
        variables["QUERY_STRING"] = target.firstIndex(of: "?").map { String(target[target.index(after: $0)...]) } ?? ""
        if let authority = request.head.authority { variables["HTTP_HOST"] = authority }
        // A web server without a name of its own is called what the client calls it.
        variables["SERVER_NAME"] = variables["SERVER_NAME"] ?? host(of: request.head.authority ?? "")
        for field in request.head.headerFields {
            // An underscore would become what a hyphen becomes, and so pass for another field.
            guard !withheld.contains(field.name.canonicalName), !field.name.canonicalName.contains("_") else {
                continue
            }
            let name = "HTTP_" + field.name.canonicalName.uppercased().replacing("-", with: "_")
            let separator = field.name == .cookie ? "; " : ", "
            variables[name] =
                variables[name].map { name == "HTTP_HOST" ? $0 : $0 + separator + field.value } ?? field.value
        }
        return variables.merging(configured) { _, configured in configured }
    }

    /// Without the port; the address in brackets, where it is one of IPv6.
    private static func host(of authority: String) -> String {
        authority.hasPrefix("[")
            ? authority.prefix { $0 != "]" } + "]" : String(authority.prefix { $0 != ":" })
    }
}
