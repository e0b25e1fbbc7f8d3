internal import NIOCore

/// What a session needs only from the time on when it comes to its end: no part of ``SessionMachine``, as most are
/// open for long.
final class Farewell {
    var isApplicationDone = false
    var isPeerCloseSaid = false
    @OneWord var closeAskedAt: NIODeadline?
    var closeCode = CloseCode.done
    @OneWord var closeCoveredAt: NIODeadline?
    /// When anything last moved in either direction.
    var movedAt = NIODeadline.distantPast
    var owedGoing: CloseCode?
    var goingCode: CloseCode?
    var owedAbort: AbortFrame?
}

extension SessionMachine {
    private var madeFarewell: Farewell {
        mutating get {
            if let farewell { return farewell }
            let made = Farewell()
            farewell = made
            return made
        }
    }

    var isApplicationDone: Bool {
        mutating get { farewell?.isApplicationDone ?? false }
        set { madeFarewell.isApplicationDone = newValue }
    }
    var isPeerCloseSaid: Bool {
        mutating get { farewell?.isPeerCloseSaid ?? false }
        set { madeFarewell.isPeerCloseSaid = newValue }
    }
    /// Since when CLOSE is asked for.
    var closeAskedAt: NIODeadline? {
        mutating get { farewell?.closeAskedAt }
        set { madeFarewell.closeAskedAt = newValue }
    }
    /// When anything last moved in either direction, once CLOSE was asked for.
    var movedAt: NIODeadline {
        mutating get { farewell?.movedAt ?? .distantPast }
        set { farewell?.movedAt = newValue }
    }
    var closeCode: CloseCode {
        mutating get { farewell?.closeCode ?? .done }
        set { madeFarewell.closeCode = newValue }
    }
    /// When it became known that our CLOSE arrived.
    var closeCoveredAt: NIODeadline? {
        mutating get { farewell?.closeCoveredAt }
        set { madeFarewell.closeCoveredAt = newValue }
    }
    var owedGoing: CloseCode? {
        mutating get { farewell?.owedGoing }
        set { madeFarewell.owedGoing = newValue }
    }
    /// The advice to come to an end: given by the server, repeated on a new path; or heard by the client.
    var goingCode: CloseCode? {
        mutating get { farewell?.goingCode }
        set { madeFarewell.goingCode = newValue }
    }
    var owedAbort: AbortFrame? {
        mutating get { farewell?.owedAbort }
        set { madeFarewell.owedAbort = newValue }
    }
}
