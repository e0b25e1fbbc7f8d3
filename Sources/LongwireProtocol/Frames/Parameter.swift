/// A key with its value, in OPEN and OPENED.
package struct Parameter: Equatable, Sendable {
    /// In OPEN, on `tcp`: the path, with its query, of the servlet's URL.
    package static let target = "target"
    /// In OPENED: the port for `tcp` at the same host.
    package static let tcpPort = "tcp"

    package var key: String
    package var value: String

    package init(_ key: String, _ value: String) {
        self.key = key
        self.value = value
    }
}
