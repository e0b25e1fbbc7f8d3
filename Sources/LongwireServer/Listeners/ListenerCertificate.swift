internal import NIOConcurrencyHelpers
internal import NIOCore

#if TLS
    internal import NIOSSL
#endif

/// The certificate of a listener with its private key, from files; they can be read again while it serves.
public final class ListenerCertificate: Sendable {
    private let certificate: String
    private let key: String
    #if TLS
        private let context: NIOLockedValueBox<NIOSSLContext>
    #endif

    /// Reads a chain of certificates and a private key, both PEM.
    ///
    /// - Throws: ``CertificateError``, which says which file is wrong and why.
    public init(certificate: String, key: String) throws(CertificateError) {
        self.certificate = certificate
        self.key = key
        #if TLS
            context = NIOLockedValueBox(try Self.read(certificate, key))
        #else
            throw CertificateError("this program was built without TLS")
        #endif
    }

    /// Reads the files again: connections from now on get what they hold.
    ///
    /// - Throws: ``CertificateError``; then everything is as before.
    public func reload() throws(CertificateError) {
        #if TLS
            let next = try Self.read(certificate, key)
            context.withLockedValue { $0 = next }
        #endif
    }

    #if TLS
        private static func read(_ certificate: String, _ key: String) throws(CertificateError) -> NIOSSLContext {
            let chain: [NIOSSLCertificate]
            do { chain = try NIOSSLCertificate.fromPEMFile(certificate) } catch {
                throw CertificateError("cannot read certificates from \(certificate): \(error)")
            }
            guard !chain.isEmpty else { throw CertificateError("\(certificate) holds no certificate") }
            let privateKey: NIOSSLPrivateKey
            do { privateKey = try NIOSSLPrivateKey(file: key, format: .pem) } catch {
                throw CertificateError("cannot read a private key from \(key): \(error)")
            }
            do {
                return try NIOSSLContext(
                    configuration: .makeServerConfiguration(
                        certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(privateKey)))
            } catch {
                throw CertificateError("the key of \(key) does not fit the certificate of \(certificate): \(error)")
            }
        }

        /// What makes TLS of a connection's bytes.
        func handler() -> any ChannelHandler { NIOSSLServerHandler(context: context.withLockedValue { $0 }) }
    #endif
}

/// Why a listener has no certificate, as a sentence.
public struct CertificateError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong.
    public let description: String

    init(_ description: String) { self.description = description }
}
