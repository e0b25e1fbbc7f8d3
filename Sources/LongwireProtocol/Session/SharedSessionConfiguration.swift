/// A configuration in memory that all the sessions of one time share.
package final class SharedSessionConfiguration: Sendable {
    package let configuration: SessionConfiguration

    package init(_ configuration: SessionConfiguration) { self.configuration = configuration }
}
