#if TLS
    internal import NIOConcurrencyHelpers
    internal import NIOCore
    internal import NIOSSL

    /// How a server is known by its TLS, and what it is shown of us.
    struct ServerTrust: Sendable {
        private let context: NIOSSLContext
        private let pins: Set<KeyPin>
        /// Why the last certificate was not trusted, as the end of a sentence.
        private let reason = NIOLockedValueBox<String?>(nil)

        /// - Throws: ``ConnectError`` for files that cannot be used, which it names.
        init(_ configuration: ClientConfiguration) throws {
            try self.init(
                trusting: configuration.trustedCertificates, pins: configuration.pinnedKeys,
                identity: configuration.identity)
        }

        /// A proxy is neither pinned nor shown a certificate that is for the server.
        init(ofProxy configuration: ClientConfiguration) throws {
            try self.init(trusting: configuration.trustedCertificates, pins: [], identity: nil)
        }

        private init(trusting file: String?, pins: Set<KeyPin>, identity: ClientIdentity?) throws {
            self.pins = pins
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.applicationProtocols = ["http/1.1"]
            if let file {
                do {
                    tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(file))
                } catch {
                    throw ConnectError(.tls, "cannot read certificates from \(file): \(error)")
                }
            }
            // The callback below decides instead of it; without any verification it would not be asked.
            if !pins.isEmpty { tls.certificateVerification = .noHostnameVerification }
            if let identity { try Self.show(identity, &tls) }
            do { context = try NIOSSLContext(configuration: tls) } catch {
                guard let identity else { throw error }
                throw ConnectError(
                    .tls,
                    "the key of \(identity.key) does not fit the certificate of \(identity.certificate); name the two "
                        + "that belong together")
            }
        }

        private static func show(_ identity: ClientIdentity, _ tls: inout TLSConfiguration) throws {
            do {
                tls.certificateChain = try NIOSSLCertificate.fromPEMFile(identity.certificate).map { .certificate($0) }
            } catch {
                throw ConnectError(.tls, "cannot read a certificate from \(identity.certificate): \(error)")
            }
            guard !tls.certificateChain.isEmpty else {
                throw ConnectError(.tls, "\(identity.certificate) holds no certificate")
            }
            do { tls.privateKey = .privateKey(try NIOSSLPrivateKey(file: identity.key, format: .pem)) } catch {
                throw ConnectError(.tls, "cannot read a private key from \(identity.key): \(error)")
            }
        }

        /// Why the last certificate was not trusted, as the end of a sentence; nil where nothing is known.
        var distrust: String? { reason.withLockedValue { $0 } }

        /// Puts TLS with `host` on top of what is in the pipeline.
        func add(to pipeline: ChannelPipeline.SynchronousOperations, host: String) throws {
            let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
            let name = isAddress ? nil : host
            reason.withLockedValue { $0 = nil }
            guard !pins.isEmpty else {
                let handler = try NIOSSLClientHandler(context: context, serverHostname: name)
                try pipeline.addHandler(handler)
                return try pipeline.addHandler(CertificateWitness(reason))
            }
            let (pins, reason) = (pins, reason)
            let handler = try NIOSSLClientHandler(context: context, serverHostname: name) { chain, verdict in
                // The first is the server's own; what follows it proves nothing here.
                guard let key = try? chain.first?.extractPublicKey().toSPKIBytes() else {
                    return verdict.succeed(.failed)
                }
                let pin = KeyPin(key: key)
                let isPinned = pins.contains(pin)
                if !isPinned {
                    reason.withLockedValue {
                        $0 = "its key is \(pin), which is not pinned; somebody may be in between, or it has a new key"
                    }
                }
                verdict.succeed(isPinned ? .certificateVerified : .failed)
            }
            try pipeline.addHandler(handler)
        }
    }

    /// Looks at a certificate that was not trusted, to say why.
    private final class CertificateWitness: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias InboundOut = ByteBuffer

        private let reason: NIOLockedValueBox<String?>

        init(_ reason: NIOLockedValueBox<String?>) { self.reason = reason }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            if let handler = try? context.pipeline.syncOperations.handler(type: NIOSSLClientHandler.self),
                let certificate = handler.peerCertificate
            {
                let sentence = CertificateDates(certificate).complaint
                reason.withLockedValue { $0 = sentence }
            }
            context.fireErrorCaught(error)
        }
    }
#endif
