internal import LongwireServer

/// The certificates of all listeners, which are read again together.
struct ListenerCertificates: Sendable {
    let tcp: ListenerCertificate?
    let https: ListenerCertificate?

    /// Reads them from their files.
    init(_ settings: Settings) throws(Reload.Refused) {
        tcp = try settings.tcpCertificateRead()
        https = try settings.httpsCertificateRead()
    }

    /// Reads the files again; one that is wrong leaves its certificate as it was.
    func reload(_ settings: Settings) throws(Reload.Refused) {
        for (certificate, path) in [(tcp, "listen.tcp-certificate"), (https, "listen.https-certificate")] {
            do { try certificate?.reload() } catch {
                throw Reload.Refused(complaints: [Complaint(settings.origin(of: path), "\(error)")])
            }
        }
    }
}
