import Foundation

/// Where the programs lie that were built together with the running tests.
package enum BuiltProducts {
    /// The folder of the running test program, whatever the configuration and scratch path.
    package static var folder: String {
        let own =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        return URL(fileURLWithPath: own).deletingLastPathComponent().path
    }

    /// The server program.
    package static var longwired: String { get throws { try path("longwired") } }
    /// The terminal client.
    package static var longwire: String { get throws { try path("longwire") } }

    /// The path of a program by its name.
    package static func path(_ name: String) throws -> String {
        let path = "\(folder)/\(name)"
        guard access(path, X_OK) == 0 else {
            throw SystemError("find \(name) beside the tests, in \(folder)", code: ENOENT)
        }
        return path
    }
}

/// The checkout the tests were built from.
package enum Repository {
    /// The folder with Package.swift.
    package static var path: String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
    }

    /// The path of a file of the checkout.
    package static func path(_ name: String) -> String { "\(path)/\(name)" }
}
