/// A key with its value, in OPEN and OPENED.
package struct Parameter: Equatable, Sendable {
    package var key: String
    package var value: String

    package init(_ key: String, _ value: String) {
        self.key = key
        self.value = value
    }
}
