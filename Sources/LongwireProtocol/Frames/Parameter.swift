/// A key with its value, in OPEN and OPENED.
package struct Parameter: Equatable, Sendable {
    /// In OPEN, on `tcp`: the path, with its query, of the servlet's URL.
    package static let target = "target"
    /// In OPEN, on `tcp`: what the field Authorization would say of HTTP.
    package static let authorization = "authorization"
    /// The most bytes of target and authorization together, of the 4 KiB that all parameters may have.
    static let credentialsLimit = 3_800
    /// In OPENED: the bytes of the allowance more that a piece less is worth.
    static let piece = "piece"
    /// In OPENED: the port for `tcp` at the same host, in clear.
    package static let tcpPort = "tcp"
    /// In OPENED: the port for `tcp` at the same host, with TLS.
    package static let secureTCPPort = "tcps"
    /// In OPEN: a checksum is wished for; in OPENED: it is agreed on.
    package static let checksum = "checksum"
    /// In OPEN and OPENED with the one above, last: the CRC-32C of the value before it, in eight hexadecimal digits.
    package static let sum = "sum"
    /// The one checksum there is.
    package static let crc32c = "crc32c"

    package var key: String
    package var value: String

    package init(_ key: String, _ value: String) {
        self.key = key
        self.value = value
    }
}
