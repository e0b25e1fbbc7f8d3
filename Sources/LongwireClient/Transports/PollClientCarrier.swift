internal import LongwireProtocol
internal import LongwireSession
internal import NIOCore

/// Carries one path of a session over a succession of requests with finite bodies: the transport `poll`.
final class PollClientCarrier: ClientCarrier {
    let path: UInt64
    let transport = TransportKind.poll
    private let core: SessionCore
    private let listener: any CarrierListener
    private var requests: FiniteRequests?
    private var isClosed = false
    /// Whether the server has accepted the path.
    private var isOpen: Bool { core.machine.isOpened(path) }

    init(path: UInt64, core: SessionCore, dialer: Dialer, listener: any CarrierListener, tap: FrameTap? = nil) {
        self.path = path
        self.core = core
        self.listener = listener
        requests = FiniteRequests(path: path, isPoll: true, core: core, dialer: dialer, tap: tap) { [weak self] error in
            // Before the path is open, a failure says what is wrong with it; later ones are repeated.
            guard let self, !self.isOpen else { return }
            self.gone(error)
        }
    }

    func start() {
        core.turn { $0.add(self, for: path) }
        listener.carrierConnected(path, after: .zero)
    }

    func gone(_ reason: ConnectError) {
        guard !isClosed else { return }
        close()
        listener.carrierLost(path, reason)
        core.turn { core in
            core.forgetCarrier(of: path)
            core.machine.pathLost(path, now: .now())
        }
    }

    func exchange(_ core: SessionCore, now: NIODeadline) { requests?.exchange(now: now) }

    func close() {
        isClosed = true
        requests?.close()
    }

    func closeAfterLastWord(_ heard: @escaping () -> Void) {
        isClosed = true
        if let requests { requests.closeAfterLastWord(heard) } else { heard() }
    }

    /// Nothing streams here.
    var isWritable: Bool { true }
    func write(control: ByteBuffer, data: ByteBuffer?) {}
    func flush() {}
}
