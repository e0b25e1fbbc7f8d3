package import LongwireProtocol

/// How a session was let in at a server: what is checked of whoever comes for it, and what the log and operators call
/// it by.
package struct SessionAdmission: Sendable {
    package let token: SessionToken
    package let instance: SessionInstance
    package let servlet: String
    /// Who opened the session.
    package let principal: String?
    package let remoteAddress: String?

    package init(
        token: SessionToken, instance: SessionInstance, servlet: String, principal: String?, remoteAddress: String?
    ) {
        self.token = token
        self.instance = instance
        self.servlet = servlet
        self.principal = principal
        self.remoteAddress = remoteAddress
    }

    /// Of a session that nobody comes for, as those of clients are.
    package static let none = SessionAdmission(
        token: .random(), instance: .random(), servlet: "", principal: nil, remoteAddress: nil)
}
