internal import NIOCore

/// Reads one line of a script.
struct ChaosLineReader {
    private var words: ArraySlice<String>
    private let line: Int

    init(_ words: [String], line: Int) {
        self.words = words[...]
        self.line = line
    }

    mutating func step() throws(ChaosScriptError) -> ChaosPlan.Step {
        let moment = try moment()
        var duration: TimeAmount?
        if take("for") { duration = try time(after: "for") }
        let name = words.first ?? ""
        let fault = try fault()
        if let rest = words.first { throw wrong("\"\(rest)\" is too much; nothing follows there") }
        guard duration == nil || fault.lasts else { throw wrong("\(name) happens at once; leave out \"for\"") }
        return ChaosPlan.Step(moment, for: duration, fault)
    }

    // MARK: Parts of a line

    private mutating func moment() throws(ChaosScriptError) -> ChaosPlan.Moment {
        if take("every") {
            let time = try time(after: "every")
            guard time > .zero else { throw wrong("\"every\" needs a time above 0") }
            return .every(time)
        }
        guard take("after") else {
            throw wrong("\"\(words.first ?? "")\" is no beginning; write after TIME, every TIME or after SIZE up|down")
        }
        guard let word = words.popFirst() else { throw wrong("after what? Write a time, such as 2s") }
        if let time = Self.time(word) { return .after(time) }
        guard let size = Self.size(word) else {
            throw wrong("\"\(word)\" is neither a time nor a size; write such as 300ms, 2s, 5m, or 64KiB up")
        }
        guard let direction = takeDirection() else {
            throw wrong("after \(word) needs up or down behind it; a time has a unit, such as \(word)ms")
        }
        return .bytes(size, direction)
    }

    private mutating func fault() throws(ChaosScriptError) -> ChaosFault {
        guard let name = words.popFirst() else { throw wrong("what happens then? Write one of \(Self.names)") }
        switch name {
        case "cut": return .cut(takeScope())
        case "reset": return .reset(takeScope())
        case "half-close": return .halfClose(try direction(of: name), takeScope())
        case "stall": return .stall(takeDirection())
        case "delay":
            let time = try time(after: name)
            return .delay(time, jitter: take("jitter") ? try self.time(after: "jitter") : .zero)
        case "limit":
            let word = words.popFirst() ?? ""
            guard let size = Self.size(word), size > 0 else {
                throw wrong("\"\(word)\" is no size; limit needs bytes a second, such as 64KiB")
            }
            return .limit(bytesPerSecond: size, takeDirection())
        case "corrupt": return .corrupt(try direction(of: name))
        case "refuse": return .refuse
        case "buffer":
            let word = words.popFirst() ?? ""
            guard ["requests", "responses", "both"].contains(word) else {
                throw wrong("buffer what? Write requests, responses or both")
            }
            return .buffer(requests: word != "responses", responses: word != "requests")
        case "repeat": return .repeatPost
        case "swap": return .swapPosts
        case "answer":
            let word = words.popFirst() ?? ""
            guard let status = Int(word), (200...599).contains(status) else {
                throw wrong("\"\(word)\" is no status; answer needs one from 200 to 599, such as 503")
            }
            return .answer(status: status, location: words.popFirst())
        default: throw wrong("nothing is called \"\(name)\"; write one of \(Self.names)")
        }
    }

    private static let names = ChaosPlan.Kind.allCases.map(\.rawValue).joined(separator: ", ")

    // MARK: Words

    private func wrong(_ what: String) -> ChaosScriptError { ChaosScriptError(line: line, what: what) }

    private mutating func take(_ word: String) -> Bool {
        guard words.first == word else { return false }
        words.removeFirst()
        return true
    }

    private mutating func takeScope() -> ChaosScope { take("one") ? .one : .all }

    private mutating func takeDirection() -> ChaosDirection? {
        guard let direction = words.first.flatMap({ ChaosDirection(rawValue: $0) }) else { return nil }
        words.removeFirst()
        return direction
    }

    private mutating func direction(of name: String) throws(ChaosScriptError) -> ChaosDirection {
        guard let direction = takeDirection() else { throw wrong("\(name) needs up or down behind it") }
        return direction
    }

    private mutating func time(after name: String) throws(ChaosScriptError) -> TimeAmount {
        let word = words.popFirst() ?? ""
        guard let time = Self.time(word) else {
            throw wrong("\"\(word)\" is no time; \(name) needs one, such as 300ms, 2s or 5m")
        }
        return time
    }

    /// At most a day.
    private static func time(_ word: String) -> TimeAmount? {
        let digits = word.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let units: [String: Double] = ["ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000]
        guard let number = Double(digits), let unit = units[String(word.dropFirst(digits.count))],
            number * unit <= 86_400_000
        else { return nil }
        return .nanoseconds(Int64(number * unit * 1_000_000))
    }

    /// At most a TiB.
    private static func size(_ word: String) -> Int? {
        let digits = word.prefix { $0.isASCII && $0.isNumber }
        let units = ["": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30]
        guard let number = Int(digits), let unit = units[String(word.dropFirst(digits.count))],
            number <= (1 << 40) / unit
        else { return nil }
        return number * unit
    }
}
