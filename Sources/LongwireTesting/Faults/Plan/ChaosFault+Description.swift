internal import NIOCore

extension ChaosFault: CustomStringConvertible {
    /// The fault as a script has it.
    public var description: String {
        switch self {
        case .cut(let scope): "cut" + scope.words
        case .reset(let scope): "reset" + scope.words
        case .halfClose(let direction, let scope): "half-close \(direction.rawValue)" + scope.words
        case .stall(let direction): "stall" + direction.words
        case .delay(let time, let jitter):
            "delay \(ChaosText.time(time))" + (jitter > .zero ? " jitter \(ChaosText.time(jitter))" : "")
        case .limit(let rate, let direction): "limit \(ChaosText.size(rate))" + direction.words
        case .corrupt(let direction): "corrupt \(direction.rawValue)"
        case .refuse: "refuse"
        case .buffer(true, true): "buffer both"
        case .buffer(let requests, _): "buffer \(requests ? "requests" : "responses")"
        case .repeatPost: "repeat"
        case .swapPosts: "swap"
        case .answer(let status, let location): "answer \(status)" + (location.map { " \($0)" } ?? "")
        }
    }
}

extension ChaosScope {
    fileprivate var words: String { self == .one ? " one" : "" }
}

extension ChaosDirection? {
    fileprivate var words: String { map { " \($0.rawValue)" } ?? "" }
}

/// Times and sizes as scripts have them.
enum ChaosText {
    static func time(_ time: TimeAmount) -> String {
        let (nanoseconds, units) = (time.nanoseconds, [("m", 60_000_000_000), ("s", 1_000_000_000), ("ms", 1_000_000)])
        for (unit, size) in units where nanoseconds > 0 && nanoseconds % Int64(size) == 0 {
            return "\(nanoseconds / Int64(size))\(unit)"
        }
        return "\((nanoseconds + 999_999) / 1_000_000)ms"
    }

    static func size(_ bytes: Int) -> String {
        for (unit, size) in [("MiB", 1 << 20), ("KiB", 1 << 10)] where bytes > 0 && bytes % size == 0 {
            return "\(bytes / size)\(unit)"
        }
        return "\(bytes)"
    }
}
