import Foundation

/// A system call that failed, with its name and the text of `errno`.
package struct SystemError: Error, CustomStringConvertible {
    /// What was attempted.
    package let call: String
    /// The value of `errno`.
    package let code: Int32

    package init(_ call: String, code: Int32 = errno) {
        self.call = call
        self.code = code
    }

    package var description: String { "\(call): \(String(cString: strerror(code))) (errno \(code))" }
}
