internal import LongwireSession
internal import NIOCore

/// What ends a program that does not end by itself.
extension ProgramConversation {
    /// After the client's CLOSE: a program that neither reads nor writes for the grace is ended.
    func watchForEnd() async {
        await session.peerClosing
        guard isRunning else { return }
        let grace = configuration.grace
        var unread = pipes?.unreadInput
        activeAt = max(activeAt, .now())
        while isRunning {
            let left = isDelivering ? grace : activeAt + grace - .now()
            if left <= .zero {
                // What it takes from the pipe is not announced.
                guard let now = pipes?.unreadInput, now != unread else {
                    return terminate("it was silent for \(grace.inWords) after the end of its input")
                }
                unread = now
                activeAt = .now()
                continue
            }
            guard (try? await Task.sleep(left)) != nil else { return }
        }
    }

    /// Ends a program that runs for longer than it may.
    func watchRunTime() async {
        guard configuration.runTime > .zero, (try? await Task.sleep(configuration.runTime)) != nil else { return }
        fail(ExecCode.runTime, "the program ran for its limit of \(configuration.runTime.inWords)")
    }
}

extension Task where Success == Never, Failure == Never {
    /// Waits; throws when cancelled.
    static func sleep(_ time: TimeAmount) async throws {
        try await sleep(nanoseconds: UInt64(max(time.nanoseconds, 0)))
    }
}

extension TimeAmount {
    /// In the greatest unit that needs no fraction.
    var inWords: String {
        switch nanoseconds {
        case let time where time % 1_000_000_000 == 0: "\(time / 1_000_000_000) s"
        case let time where time % 1_000_000 == 0: "\(time / 1_000_000) ms"
        default: "\(nanoseconds) ns"
        }
    }
}
