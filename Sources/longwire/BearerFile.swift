internal import ArgumentParser
internal import Foundation
internal import NIOConcurrencyHelpers

/// Where our bearer token comes from: a file, which is looked at again, or the environment.
///
/// Never an argument: those are seen by everybody on the machine.
final class BearerFile: Sendable {
    static let variable = "LONGWIRE_BEARER"

    private let path: String?
    private let state: NIOLockedValueBox<(token: String?, lookedAt: ContinuousClock.Instant)>

    private init(path: String?, token: String?) {
        self.path = path
        state = NIOLockedValueBox((token, .now))
    }

    /// The one that the flag or the environment names; nil for none.
    static func chosen(_ path: String?) throws -> BearerFile? {
        if let path { return BearerFile(path: path, token: read(path)) }
        guard let text = ProcessInfo.processInfo.environment[variable], !text.isEmpty else { return nil }
        return BearerFile(path: nil, token: token(in: text))
    }

    /// The token now: the file's of at most a second ago, or the last one that it had.
    var token: String? {
        state.withLockedValue { state in
            guard let path, ContinuousClock.now - state.lookedAt > .seconds(1) else { return state.token }
            state.lookedAt = .now
            state.token = Self.read(path) ?? state.token
            return state.token
        }
    }

    /// Why there is no token, without anything of what is there instead.
    var failure: ValidationError {
        let place = path.map { "--bearer-file \($0)" } ?? Self.variable
        return ValidationError("\(place): no token is there; it is one line of letters, digits and - . _ ~ + / =")
    }

    private static func read(_ path: String) -> String? {
        guard let data = FileManager.default.contents(atPath: path), data.count <= 16 * 1024 else { return nil }
        return token(in: String(decoding: data, as: UTF8.self))
    }

    private static func token(in text: String) -> String? {
        let token = text.trimmingCharacters(in: .whitespacesAndNewlines)
        let symbols = Set("-._~+/=".utf8)
        let isToken = token.utf8.allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) || symbols.contains($0)
        }
        return token.isEmpty || !isToken ? nil : token
    }
}
