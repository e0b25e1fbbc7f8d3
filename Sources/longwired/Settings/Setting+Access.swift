internal import LongwireServer
internal import NIOCore

extension Setting {
    /// Listeners with TLS, and the names of listeners.
    static let secureListening: [Setting] = [
        .addresses(
            "listen.https", flag: "https", \.https, example: "0.0.0.0:8443",
            "HTTPS without a web server at HOST:PORT or systemd[:NAME], HTTP/1.1 and HTTP/2.", isRare: true,
            check: { text in
                guard HostAndPort(text) == nil, !HostAndPort.isPassed(text) else { return nil }
                return "\(text): write HOST:PORT, such as 0.0.0.0:8443 or [::]:8443"
            }),
        .file(
            "listen.https-certificate", flag: "https-certificate", \.httpsCertificate,
            example: "/etc/longwire/certificate.pem",
            "The certificates (PEM) for HTTPS; read again on SIGHUP."),
        .file(
            "listen.https-key", flag: "https-key", \.httpsKey, example: "/etc/longwire/key.pem",
            "The private key (PEM) of that certificate; read again on SIGHUP."),
        .file(
            "listen.https-clients", flag: "https-clients", \.httpsClients, example: "/etc/longwire/clients.pem",
            "Who vouches for clients (PEM): these are asked for certificates; read again on SIGHUP."),
        Setting(
            path: "listen.hosts", flag: "host", unit: "name",
            about: "Names under which HTTP and HTTPS may be asked for, or * for every one; loopback ones have this "
                + "machine's names, others take every name.",
            example: "example.org", form: .list, isFixed: true, isRare: true,
            read: { settings, text in
                if let sentence = MountConfiguration.complaint(aboutHost: text) { return sentence }
                guard !settings.hosts.contains(text) else { return "\(text) is given twice" }
                settings.hosts.append(text)
                return nil
            }, clear: { $0.hosts = [] }, show: { $0.hosts }),
    ]

    /// Who may in.
    static let access: [Setting] = [
        Setting(
            path: "access.rule", flag: "access", unit: "rule",
            about: "Who may use servlets that do not say so themselves: \(AccessSpecification.forms).", isRare: true,
            read: { settings, text in
                do { settings.access = try AccessSpecification(text) } catch { return "\(error)" }
                return nil
            }, show: { [$0.access.text] }),
        Setting(
            path: "access.trusted-proxies", flag: "trusted-proxy", unit: "address",
            about: "Proxies that are believed where a request comes from: addresses, networks, or unix.",
            example: "10.0.0.0/8", form: .list, isRare: true,
            read: { settings, text in
                if let sentence = MountConfiguration.complaint(aboutProxy: text) { return sentence }
                guard !settings.trustedProxies.contains(text) else { return "\(text) is given twice" }
                settings.trustedProxies.append(text)
                return nil
            }, clear: { $0.trustedProxies = [] }, show: { $0.trustedProxies }),
        .choice(
            "access.forwarded", flag: "forwarded", \.forwardedField, "The header field in which these proxies say it."),
    ]
}
