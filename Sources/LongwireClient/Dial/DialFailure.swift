internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

#if TLS
    internal import NIOSSL
#endif
#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Says in a sentence why a connection failed.
enum DialFailure {
    /// What a connection that came about failed of.
    static func describe(_ error: any Error, dialer: Dialer) -> ConnectError {
        if let error = error as? ConnectError { return error }
        if let proxy = dialer.route.proxy, !(error is HTTPParserError) {
            let line = "\(dialer.endpoint.authority) by the proxy \(proxy.place)"
            guard isTLS(error) else {
                return ConnectError(.unreachable, "the connection to \(line) broke: \(error)")
            }
            if case .tunnel = dialer.route {
                return ConnectError(.tls, tlsSentence(error, place: line, distrust: dialer.distrust))
            }
        }
        return dialling(error, dialer: dialer)
    }

    /// Why no connection came about.
    static func dialling(_ error: any Error, dialer: Dialer) -> ConnectError {
        if let error = error as? ConnectError { return error }
        if let error = error as? NIOConnectionError {
            guard let single = error.connectionErrors.first else { return nameNotFound(dialer) }
            return dialling(single.error, dialer: dialer)
        }
        if let proxy = dialer.route.proxy {
            if let failure = describe(error, proxy: proxy, endpoint: dialer.endpoint) { return failure }
        }
        let place = HostAndPort.joined(dialer.endpoint.host, dialer.endpoint.port)
        if let error = error as? HTTPParserError, error == .invalidEOFState {
            return ConnectError(.unreachable, "\(place) closed the connection in the middle of a response")
        }
        if error is HTTPParserError {
            return ConnectError(.notLongwire, "\(place) does not speak HTTP/1.1: \(error)")
        }
        if let error = error as? SocketAddressError, case .unknown = error { return nameNotFound(dialer) }
        if let error = error as? ChannelError, case .connectTimeout = error {
            return ConnectError(.timedOut, "no connection to \(place) in time")
        }
        if let error = error as? IOError {
            switch error.errnoCode {
            case ECONNREFUSED: return ConnectError(.refused, "nobody listens at \(place) (connection refused)")
            case ETIMEDOUT: return ConnectError(.timedOut, "no connection to \(place) in time")
            case ECONNRESET, EPIPE: return ConnectError(.unreachable, "\(place) broke the connection (reset)")
            default: return ConnectError(.unreachable, "\(place) cannot be reached: \(error)")
            }
        }
        if isTLS(error) { return ConnectError(.tls, tlsSentence(error, place: place, distrust: dialer.distrust)) }
        return ConnectError(.unreachable, "\(place) cannot be reached: \(error)")
    }

    private static func nameNotFound(_ dialer: Dialer) -> ConnectError {
        guard let proxy = dialer.route.proxy else {
            return ConnectError(.nameNotFound, "the name \(dialer.endpoint.host) is not known")
        }
        return ConnectError(
            .proxy(.nameNotFound),
            "the name of the proxy \(proxy.place), on the way to \(dialer.endpoint.authority), is not known")
    }

    /// Why the proxy could not be reached; nil where the error is about what lies behind it.
    private static func describe(_ error: any Error, proxy: Proxy, endpoint: Endpoint) -> ConnectError? {
        let place = "the proxy \(proxy.place), on the way to \(endpoint.authority),"
        if let error = error as? SocketAddressError, case .unknown = error { return nil }
        if isTLS(error) {
            // TLS with the server begins when the dialling is over.
            return proxy.isSecure
                ? ConnectError(.proxy(.tls), tlsSentence(error, place: String(place.dropLast()))) : nil
        }
        if error is HTTPParserError { return nil }
        if let error = error as? ChannelError, case .connectTimeout = error {
            return ConnectError(.proxy(.timedOut), "\(place) did not answer in time")
        }
        if let error = error as? IOError {
            switch error.errnoCode {
            case ECONNREFUSED:
                return ConnectError(.proxy(.refused), "\(place) is not there: nobody listens (connection refused)")
            case ETIMEDOUT: return ConnectError(.proxy(.timedOut), "\(place) did not answer in time")
            default: break
            }
        }
        return ConnectError(.proxy(.unreachable), "\(place) cannot be reached: \(error)")
    }

    private static func isTLS(_ error: any Error) -> Bool {
        #if TLS
            error is NIOSSLError || error is NIOSSLExtraError || error is BoringSSLError
        #else
            false
        #endif
    }

    #if TLS
        /// What is wrong with a TLS connection; BoringSSL's own description is for those who maintain it.
        private static func tlsSentence(_ error: any Error, place: String, distrust: String? = nil) -> String {
            let description = "\(error)"
            if (error as? NIOSSLExtraError) == .failedToValidateHostname {
                return "the certificate of \(place) is for another name; use the name that it is for, or pin its key"
            }
            if description.contains("CERTIFICATE_VERIFY_FAILED") {
                let reason =
                    distrust
                    ?? "nobody trusted here vouches for it; name who does (--ca FILE), or pin its key (--pin sha256/…)"
                return "the certificate of \(place) is not trusted: \(reason)"
            }
            if clientComplaints.contains(where: description.contains) {
                return "\(place) wants a certificate of this client that it trusts (--cert FILE --key FILE)"
            }
            if description.contains("WRONG_VERSION_NUMBER") || description.contains("HTTP_REQUEST") {
                return "no trusted TLS connection to \(place): what answers there does not speak TLS"
            }
            // "…OPENSSL_internal:REASON at FILE:LINE": the reason alone is for everyone.
            let reason = description.firstRange(of: "OPENSSL_internal:").map { found in
                String(description[found.upperBound...].prefix { !$0.isWhitespace })
            }
            return "no trusted TLS connection to \(place): \(reason ?? description)"
        }
        /// What servers say that do not take a client's certificate, or miss it.
        private static let clientComplaints = [
            "ALERT_CERTIFICATE_REQUIRED", "ALERT_UNKNOWN_CA", "ALERT_BAD_CERTIFICATE", "ALERT_CERTIFICATE_EXPIRED",
            "ALERT_CERTIFICATE_UNKNOWN", "ALERT_UNSUPPORTED_CERTIFICATE", "ALERT_CERTIFICATE_REVOKED",
        ]
    #else
        private static func tlsSentence(_ error: any Error, place: String, distrust: String? = nil) -> String {
            "\(place): \(error)"
        }
    #endif
}
