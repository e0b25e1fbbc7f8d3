/// Words of shell scripts that are programs under test.
package enum Shell {
    /// Does nothing until it is killed.
    // safe: what a program under test does; no condition depends on it.
    package static let forever = "sleep 1000"

    /// Does nothing for a part of a second, as a slow program does.
    // safe: what a program under test does; no condition depends on it.
    package static func pause(_ seconds: Double) -> String { "sleep \(seconds)" }
}
