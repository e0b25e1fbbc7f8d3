/// Lets in whom the web server authenticated, under the name that it gives them: `REMOTE_USER` of FastCGI.
///
/// No header field of a client counts. Where no web server is between, nobody is let in.
public struct WebServerAccess: AccessRule {
    /// The rule.
    public init() {}

    /// Who the web server says it is.
    public func judge(_ request: SessionRequest) -> AccessAnswer {
        guard let user = request.webServerUser else {
            return .now(.forbidden("the web server did not say who asks; its configuration must pass on REMOTE_USER"))
        }
        return .now(.allowed(principal: user))
    }
}

/// Lets in who has a certificate that was verified, by the web server or by the built-in listener, under its subject.
///
/// A web server says so with `SSL_CLIENT_VERIFY` (`SUCCESS`) and `SSL_CLIENT_S_DN`, over FastCGI; no header field of a
/// client counts.
public struct CertificateAccess: AccessRule {
    /// The rule.
    public init() {}

    /// Whose certificate it is.
    public func judge(_ request: SessionRequest) -> AccessAnswer {
        guard let subject = request.clientCertificate else {
            return .now(.forbidden("a client certificate is needed that this server trusts"))
        }
        return .now(.allowed(principal: subject))
    }
}
