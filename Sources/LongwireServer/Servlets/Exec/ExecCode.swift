public import LongwireSession

/// How the end of a program ends its session: what ``ExecServlet`` closes with, always with a reason in words.
///
/// Exit status 0 is ``CloseCode/done``.
public enum ExecCode {
    /// The program ended with this exit status: 1000 and the status, 1001 to 1255.
    public static func exited(_ status: Int32) -> CloseCode {
        status == 0 ? .done : CloseCode(rawValue: 1000 + UInt64(UInt32(bitPattern: status)))
    }

    /// The program was killed by this signal: 1300 and the signal, 1301 to 1364.
    public static func killed(by signal: Int32) -> CloseCode {
        CloseCode(rawValue: 1300 + UInt64(UInt32(bitPattern: signal)))
    }

    /// A message with a newline came for a program that takes lines.
    public static let newlineInMessage = CloseCode(rawValue: 1400)
    /// The program ran for longer than it may.
    public static let runTime = CloseCode(rawValue: 1401)
    /// The program wrote more than it may.
    public static let outputLimit = CloseCode(rawValue: 1402)
    /// What the program wrote is not what was agreed, or a message of it is too long.
    public static let badOutput = CloseCode(rawValue: 1403)
    /// The program could not be started.
    public static let notStarted = CloseCode(rawValue: 1404)
}
