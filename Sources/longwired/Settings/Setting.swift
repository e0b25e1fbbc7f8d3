internal import LongwireServer
internal import NIOCore

/// One key of the configuration: its names, what it means, and how it is read.
///
/// ``Setting/all`` is the one list that flags, environment, file, `longwired default-config` and Docs/configuration.md
/// have in common.
struct Setting: Sendable {
    /// How many values there are.
    enum Form: Sendable { case one, list }

    /// The place in the file, such as `session.resume-time`.
    let path: String
    /// The flag without its dashes.
    let flag: String
    /// What a value is, in a word or two, such as `time` or `bytes`.
    let unit: String
    /// What it is for, in one sentence.
    let about: String
    /// A value to show where there is no default.
    var example = ""
    var form = Form.one
    /// Whether only a restart changes it.
    var isFixed = false
    /// Whether `--help` leaves its flag to `--help-hidden`.
    var isRare = false
    /// Takes a value, or says what would be right.
    ///
    /// A list gets one after the other.
    let read: @Sendable (inout Settings, String) -> String?
    /// Empties a list before another source replaces it.
    var clear: @Sendable (inout Settings) -> Void = { _ in }
    /// The values, as they would be written.
    let show: @Sendable (Settings) -> [String]

    /// The environment variable.
    var variable: String { Self.variable(path) }
    /// The section of the file, empty for none.
    var section: String { path.contains(".") ? String(path.prefix { $0 != "." }) : "" }
    /// The name within its section.
    var name: String { path.split(separator: ".").last.map(String.init) ?? path }
    /// The default, as it would be written; empty for none.
    var standard: [String] { show(Settings()) }

    static func variable(_ path: String) -> String {
        "LONGWIRE_" + path.uppercased().map { $0 == "." || $0 == "-" ? "_" : String($0) }.joined()
    }

    private static let byPath = Dictionary(uniqueKeysWithValues: all.map { ($0.path, $0) })
    private static let byFlag = Dictionary(uniqueKeysWithValues: all.map { ($0.flag, $0) })

    static func at(_ path: String) -> Setting? { byPath[path] }
    static func of(flag: String) -> Setting? { byFlag[flag] }
}

extension Setting {
    typealias Place<Value> = WritableKeyPath<Settings, Value> & Sendable

    static func time(
        _ path: String, flag: String, _ place: any Place<TimeAmount>, upTo limit: TimeAmount = .hours(24 * 365),
        isFixed: Bool = false, isRare: Bool = true, _ about: String
    ) -> Setting {
        Setting(
            path: path, flag: flag, unit: "time", about: about, isFixed: isFixed, isRare: isRare,
            read: { settings, text in
                guard let time = SettingValue.time(text) else {
                    return noTime(text)
                }
                guard time <= limit else { return "\(text) is too long; at most \(SettingValue.written(limit))" }
                settings[keyPath: place] = time
                return nil
            }, show: { [SettingValue.written($0[keyPath: place])] })
    }

    static func size(
        _ path: String, flag: String, _ place: any Place<Int>, upTo limit: Int = 1 << 30, isRare: Bool = true,
        _ about: String
    ) -> Setting {
        Setting(
            path: path, flag: flag, unit: "bytes", about: about, isRare: isRare,
            read: { settings, text in
                guard let size = SettingValue.size(text) else {
                    return noSize(text)
                }
                guard size <= limit else { return "\(text) is too much; at most \(SettingValue.written(size: limit))" }
                settings[keyPath: place] = size
                return nil
            }, show: { [SettingValue.written(size: $0[keyPath: place])] })
    }

    static func number(
        _ path: String, flag: String, _ place: any Place<Int>, _ range: ClosedRange<Int>, isFixed: Bool = false,
        isRare: Bool = true, _ about: String
    ) -> Setting {
        Setting(
            path: path, flag: flag, unit: "number", about: about, isFixed: isFixed, isRare: isRare,
            read: { settings, text in
                guard let number = SettingValue.number(text), range.contains(number) else {
                    return Self.outside(range, text)
                }
                settings[keyPath: place] = number
                return nil
            }, show: { ["\($0[keyPath: place])"] })
    }

    static func file(
        _ path: String, flag: String, _ place: any Place<String?>, example: String, isRare: Bool = true,
        _ about: String
    ) -> Setting {
        Setting(
            path: path, flag: flag, unit: "path", about: about, example: example, isFixed: true, isRare: isRare,
            read: { settings, text in
                settings[keyPath: place] = text
                return nil
            }, show: { $0[keyPath: place].map { [$0] } ?? [] })
    }

    static func noTime(_ text: String) -> String {
        "\"\(text)\" is no time; write a whole number with its unit: ms, s, m or h, such as 15s"
    }

    static func noSize(_ text: String) -> String {
        "\"\(text)\" is no size; write a number of bytes, or one with KiB, MiB or GiB, such as 256KiB"
    }

    static func outside(_ range: ClosedRange<Int>, _ text: String) -> String {
        "\"\(text)\" cannot be; write a number from \(range.lowerBound) to \(range.upperBound)"
    }

    static func choice<Value: RawRepresentable<String> & CaseIterable & Sendable>(
        _ path: String, flag: String, _ place: any Place<Value>, isRare: Bool = true, _ about: String
    ) -> Setting {
        let words = Value.allCases.map(\.rawValue)
        return Setting(
            path: path, flag: flag, unit: words.joined(separator: ", "), about: about, isRare: isRare,
            read: { settings, text in
                guard let value = Value(rawValue: text) else {
                    return "\"\(text)\" is not one of \(words.joined(separator: ", "))"
                }
                settings[keyPath: place] = value
                return nil
            }, show: { [$0[keyPath: place].rawValue] })
    }

    static func addresses(
        _ path: String, flag: String, _ place: any Place<[String]>, example: String, _ about: String,
        isRare: Bool = false, check: @escaping @Sendable (String) -> String?
    ) -> Setting {
        Setting(
            path: path, flag: flag, unit: "address", about: about, example: example, form: .list, isFixed: true,
            isRare: isRare,
            read: { settings, text in
                if let sentence = check(text) { return sentence }
                guard !settings[keyPath: place].contains(text) else { return "\(text) is given twice" }
                settings[keyPath: place].append(text)
                return nil
            }, clear: { $0[keyPath: place] = [] }, show: { $0[keyPath: place] })
    }
}
