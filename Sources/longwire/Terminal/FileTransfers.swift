internal import NIOConcurrencyHelpers

/// The files that are on their way, for the status row: how much of each the server has not yet acknowledged.
final class FileTransfers: Sendable {
    private struct Transfer {
        let name: String
        let size: Int
        /// Bytes of credit of what was sent after it.
        var behind = 0
        var isTaken = false
    }

    private let transfers = NIOLockedValueBox<[Transfer]>([])

    /// A file begins to be sent.
    func began(_ name: String, size: Int) { transfers.withLockedValue { $0.append(Transfer(name: name, size: size)) } }

    /// The session took the file that began last, all of it.
    func taken() {
        transfers.withLockedValue { transfers in
            guard let size = transfers.last?.size else { return }
            sent(size, in: &transfers)
            transfers[transfers.count - 1].isTaken = true
        }
    }

    /// The file that began last was not sent.
    func failed() { transfers.withLockedValue { _ = $0.popLast() } }

    /// The session took something else.
    func sent(_ bytes: Int) {
        transfers.withLockedValue { sent(bytes, in: &$0) }
    }

    private func sent(_ bytes: Int, in transfers: inout [Transfer]) {
        // A message, or each part of it, costs this much more (Docs/protocol.md).
        let cost = bytes + (bytes / (16 * 1024) + 1) * 64
        for index in transfers.indices where transfers[index].isTaken { transfers[index].behind += cost }
    }

    /// Compares with what the session has not had acknowledged.
    ///
    /// - Returns: what to say of the oldest that is under way, and the files that have arrived since the last time.
    func compare(unsent: Int) -> (text: String?, arrived: [String]) {
        transfers.withLockedValue { transfers in
            var arrived: [String] = []
            while let first = transfers.first, first.isTaken, unsent <= first.behind {
                arrived.append("\(first.name), \(StatusText.size(first.size))")
                transfers.removeFirst()
            }
            let text = transfers.first.map { transfer in
                let rest = transfer.isTaken ? min(transfer.size, max(unsent - transfer.behind, 0)) : transfer.size
                return "sending \(transfer.name), \(StatusText.size(rest)) of \(StatusText.size(transfer.size)) to go"
            }
            return (text, arrived)
        }
    }
}
