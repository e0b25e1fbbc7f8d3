internal import NIOConcurrencyHelpers
internal import NIOCore

#if TLS
    internal import NIOSSL
#endif

/// The certificate of a listener with its private key, from files; they can be read again while it serves.
public final class ListenerCertificate: Sendable {
    private let certificate: String
    private let key: String
    /// Who vouches for clients, where their certificates are asked for.
    private let clients: String?
    private let protocols: [String]
    #if TLS
        private let context: NIOLockedValueBox<NIOSSLContext>
    #endif

    /// Reads a chain of certificates and a private key, both PEM.
    ///
    /// - Parameters:
    ///   - clients: certificates (PEM) of those who vouch for clients: these are then asked for a certificate, and who
    ///     has one comes with its subject (``CertificateAccess``).
    ///   - protocols: what ALPN offers, the best first, such as `h2` and `http/1.1`.
    /// - Throws: ``CertificateError``, which says which file is wrong and why.
    public init(
        certificate: String, key: String, clients: String? = nil, protocols: [String] = []
    ) throws(CertificateError) {
        self.certificate = certificate
        self.key = key
        self.clients = clients
        self.protocols = protocols
        #if TLS
            context = NIOLockedValueBox(try Self.read(certificate, key, clients, protocols))
        #else
            throw CertificateError("this program was built without TLS")
        #endif
    }

    /// Reads the files again: connections from now on get what they hold.
    ///
    /// - Throws: ``CertificateError``; then everything is as before.
    public func reload() throws(CertificateError) {
        #if TLS
            let next = try Self.read(certificate, key, clients, protocols)
            context.withLockedValue { $0 = next }
        #endif
    }

    #if TLS
        private static func read(
            _ certificate: String, _ key: String, _ clients: String?, _ protocols: [String]
        ) throws(CertificateError) -> NIOSSLContext {
            let chain: [NIOSSLCertificate]
            do { chain = try NIOSSLCertificate.fromPEMFile(certificate) } catch {
                throw CertificateError("cannot read certificates from \(certificate): \(error)")
            }
            guard !chain.isEmpty else { throw CertificateError("\(certificate) holds no certificate") }
            let privateKey: NIOSSLPrivateKey
            do { privateKey = try NIOSSLPrivateKey(file: key, format: .pem) } catch {
                throw CertificateError("cannot read a private key from \(key): \(error)")
            }
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(privateKey))
            configuration.applicationProtocols = protocols
            if let clients {
                do { configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(clients)) } catch {
                    throw CertificateError("cannot read certificates from \(clients): \(error)")
                }
                // Who has none may still use what is open to everybody.
                configuration.certificateVerification = .optionalVerification
            }
            do { return try NIOSSLContext(configuration: configuration) } catch {
                throw CertificateError("the key of \(key) does not fit the certificate of \(certificate): \(error)")
            }
        }

        /// The subject of the certificate that a client has shown and that was verified.
        static func subject(ofClientOf channel: any Channel) -> String? {
            let handler = try? channel.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self)
            guard let certificate = handler?.peerCertificate, let bytes = try? certificate.toDERBytes() else {
                return nil
            }
            return DistinguishedName.subject(ofCertificate: bytes)
        }

        /// What makes TLS of a connection's bytes.
        func handler() -> any ChannelHandler { NIOSSLServerHandler(context: context.withLockedValue { $0 }) }
    #else
        static func subject(ofClientOf channel: any Channel) -> String? { nil }
    #endif
}

/// Why a listener has no certificate, as a sentence.
public struct CertificateError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong.
    public let description: String

    init(_ description: String) { self.description = description }
}
