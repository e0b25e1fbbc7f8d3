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
    static func describe(_ error: any Error, endpoint: Endpoint) -> ConnectError {
        let place = "\(endpoint.host):\(endpoint.port)"
        if let error = error as? ConnectError { return error }
        if let error = error as? NIOConnectionError {
            if let single = error.connectionErrors.first { return describe(single.error, endpoint: endpoint) }
            return ConnectError(.nameNotFound, "the name \(endpoint.host) is not known")
        }
        if let error = error as? HTTPParserError, error == .invalidEOFState {
            return ConnectError(.unreachable, "\(place) closed the connection in the middle of a response")
        }
        if error is HTTPParserError {
            return ConnectError(.notLongwire, "\(place) does not speak HTTP/1.1: \(error)")
        }
        if let error = error as? SocketAddressError, case .unknown = error {
            return ConnectError(.nameNotFound, "the name \(endpoint.host) is not known")
        }
        if let error = error as? ChannelError, case .connectTimeout = error {
            return ConnectError(.timedOut, "no connection to \(place) in time")
        }
        if let error = error as? IOError {
            switch error.errnoCode {
            case ECONNREFUSED: return ConnectError(.refused, "nobody listens at \(place) (connection refused)")
            case ETIMEDOUT: return ConnectError(.timedOut, "no connection to \(place) in time")
            default: return ConnectError(.unreachable, "\(place) cannot be reached: \(error)")
            }
        }
        #if TLS
            if error is NIOSSLError || error is NIOSSLExtraError || error is BoringSSLError {
                return ConnectError(.tls, tlsSentence(error, place: place))
            }
        #endif
        return ConnectError(.unreachable, "\(place) cannot be reached: \(error)")
    }

    #if TLS
        /// What is wrong with a TLS connection; BoringSSL's own description is for those who maintain it.
        private static func tlsSentence(_ error: any Error, place: String) -> String {
            let description = "\(error)"
            if (error as? NIOSSLExtraError) == .failedToValidateHostname {
                return "the certificate of \(place) is for another name"
            }
            if description.contains("CERTIFICATE_VERIFY_FAILED") {
                return
                    "the certificate of \(place) is not trusted: nobody trusted here vouches for it, or it has expired"
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
    #endif
}
