#if TLS
    internal import NIOSSL
    #if canImport(Glibc)
        internal import Glibc
    #elseif canImport(Musl)
        internal import Musl
    #else
        internal import Darwin
    #endif

    /// From when until when a certificate is good.
    struct CertificateDates {
        private let begin: Int
        private let end: Int

        init(_ certificate: NIOSSLCertificate) {
            begin = Int(certificate.notValidBefore)
            end = Int(certificate.notValidAfter)
        }

        /// Why it is not good now, as the end of a sentence; nil where the dates are not what is wrong.
        var complaint: String? {
            let now = Int(time(nil))
            if now > end { return "it expired on \(Self.day(end)); the server needs a new one" }
            if now < begin { return "it is not good before \(Self.day(begin)); is the clock of this machine right?" }
            return nil
        }

        private static func day(_ seconds: Int) -> String {
            var seconds = time_t(seconds)
            var parts = tm()
            guard gmtime_r(&seconds, &parts) != nil else { return "a day without a name" }
            func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
            return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
        }
    }
#endif
