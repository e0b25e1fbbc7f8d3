internal import NIOCore

/// What was said last on a line and is not answered in the protocol: an ABORT.
///
/// A web server that reads it together with the end of the connection drops both. So the line stays until the other
/// side has ended it, or for 2 s.
final class LastWord {
    private static let patience = TimeAmount.seconds(2)

    private var heard: (() -> Void)?
    private var timeout: Scheduled<Void>?

    /// - Parameter heard: called once, when the other side has ended the line or was given time to.
    init(on eventLoop: any EventLoop, heard: @escaping () -> Void) {
        self.heard = heard
        let word = NIOLoopBound(self, eventLoop: eventLoop)
        timeout = eventLoop.scheduleTask(in: Self.patience) { word.value.lineEnded() }
    }

    /// The other side ended the line, or it broke.
    func lineEnded() {
        timeout?.cancel()
        timeout = nil
        let heard = heard
        self.heard = nil
        heard?()
    }
}
