#if TLS
    internal import Logging
    internal import NIOConcurrencyHelpers

    /// Makes sets of keys of what a file holds, and keeps the last that could be used.
    final class KeySetReader: Sendable {
        private struct State {
            var last: KeySet?
            var complaint: String?
        }

        private let path: String
        private let logger: Logger
        private let state = NIOLockedValueBox(State())

        init(path: String, logger: Logger) {
            self.path = path
            self.logger = logger
        }

        /// What is wrong with the file as it was read last; nil for nothing.
        var complaint: String? { state.withLockedValue { $0.complaint } }

        /// The keys to use from now on; nil where there were none yet.
        ///
        /// - Parameter bytes: nil where the file cannot be read.
        func read(_ bytes: [UInt8]?) -> KeySet? {
            do throws(KeySet.Complaint) {
                guard let bytes else { throw KeySet.Complaint(sentence: "cannot be read") }
                let keys = try KeySet(bytes)
                let isFirst = state.withLockedValue { state in
                    defer { state = State(last: keys) }
                    return state.last == nil
                }
                log(keys, isFirst: isFirst)
                return keys
            } catch {
                let (last, isKnown) = state.withLockedValue { state in
                    defer { state.complaint = error.sentence }
                    // A file that stays away is read again and again, one that is there only when it has changed.
                    return (state.last, bytes == nil && state.complaint == error.sentence)
                }
                // At first it is for who asked for it to say.
                if last != nil, !isKnown {
                    logger.error(
                        "the new key set cannot be used, that of before stays",
                        metadata: ["file": "\(path)", "why": "\(error.sentence)"])
                }
                return last
            }
        }

        private func log(_ keys: KeySet, isFirst: Bool) {
            for complaint in keys.complaints {
                logger.warning(
                    "something is wrong with a key",
                    metadata: [
                        "file": "\(path)", "key": .stringConvertible(complaint.place), "why": "\(complaint.sentence)",
                    ])
            }
            if keys.keys.isEmpty {
                logger.warning("the key set is empty: nobody is let in", metadata: ["file": "\(path)"])
            } else if !isFirst {
                logger.notice(
                    "key set changed",
                    metadata: ["file": "\(path)", "keys": .stringConvertible(keys.keys.count)])
            }
        }
    }
#endif
