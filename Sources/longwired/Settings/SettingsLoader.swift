internal import LongwireServer

/// Puts together what flags, environment and file say; the first of these that says something counts.
struct SettingsLoader: Sendable {
    /// What flags said, by their names without dashes, in their order.
    var flags: [String: [String]] = [:]
    /// The framing of the programs among the flags.
    var framing: String?
    var environment: [String: String] = [:]
    /// The file that a flag named.
    var file: String?

    /// The settings, or everything that is wrong.
    struct Result {
        var settings = Settings()
        var complaints: [Complaint] = []
        /// Variables that look like ours and are not.
        var warnings: [Complaint] = []
        /// The file that was read.
        var file: String?
    }

    static let fileVariable = "LONGWIRE_CONFIG"
    static let servletsVariable = "LONGWIRE_SERVLETS"

    /// Reads everything anew, the file too.
    func load() -> Result {
        var result = Result()
        result.file = file ?? value(of: Self.fileVariable)
        if let path = result.file {
            let content = ConfigurationFile(path: path)
            result.complaints += content.complaints
            for setting in Setting.all {
                if let written = content.values[setting.path] { take(written, for: setting, &result) }
            }
            if let servlets = content.servlets {
                takeServlets(servlets, &result)
                result.settings.servletAccess = content.servletAccess
            }
        }
        for setting in Setting.all { takeVariable(setting, &result) }
        if let text = value(of: Self.servletsVariable) {
            let words = text.split(separator: ";").map { $0.drop { $0 == " " } }.filter { !$0.isEmpty }
            takeServlets(
                words.map { Written(text: Self.trimmed($0), origin: .environment(Self.servletsVariable)) }, &result)
        }
        for setting in Setting.all {
            guard let texts = flags[setting.flag], !texts.isEmpty else { continue }
            take(texts.map { Written(text: $0, origin: .flag("--\(setting.flag)")) }, for: setting, &result)
        }
        if let texts = flags["servlet"], !texts.isEmpty {
            takeServlets(texts.map { Written(text: $0, origin: .flag("--servlet")) }, &result)
        }
        result.warnings = unknownVariables()
        if result.complaints.isEmpty {
            do { try result.settings.mountConfiguration.validate() } catch {
                result.complaints.append(Complaint(.file(result.file ?? "flags", line: 0, column: 0), "\(error)"))
            }
        }
        return result
    }

    // MARK: Scalars and lists

    private func take(_ written: [Written], for setting: Setting, _ result: inout Result) {
        setting.clear(&result.settings)
        for value in written {
            // Alone, so that what cannot be is told at its own place.
            var alone = Settings()
            var sentence = setting.read(&alone, value.text)
            if sentence == nil {
                do { try alone.mountConfiguration.validate() } catch { sentence = "\(error)" }
            }
            sentence = sentence ?? setting.read(&result.settings, value.text)
            if let sentence { result.complaints.append(complaint(value, sentence)) }
        }
        result.settings.origins[setting.path] = written.first?.origin
    }

    private func complaint(_ value: Written, _ sentence: String) -> Complaint {
        guard case .flag(let flag) = value.origin else { return Complaint(value.origin, sentence) }
        return Complaint(.flag("\(flag) \(value.text)"), sentence)
    }

    /// A variable's value; an empty one counts as none.
    private func value(of variable: String) -> String? {
        environment[variable].flatMap { $0.isEmpty ? nil : $0 }
    }

    private func takeVariable(_ setting: Setting, _ result: inout Result) {
        guard let text = value(of: setting.variable) else { return }
        let texts = setting.form == .list ? text.split(separator: " ").map(String.init) : [text]
        take(texts.map { Written(text: $0, origin: .environment(setting.variable)) }, for: setting, &result)
    }

    // MARK: Servlets

    private typealias Placed = [String: (specification: ServletSpecification, origin: Origin)]

    private func takeServlets(
        _ servlets: [String: (specification: ServletSpecification, origin: Origin)], _ result: inout Result
    ) {
        for path in result.settings.origins.keys where path.hasPrefix("servlets.") {
            result.settings.origins[path] = nil
        }
        for (name, servlet) in servlets {
            do { _ = try Mount(servlets: [name: .inline(EchoServlet())]) } catch {
                result.complaints.append(Complaint(servlet.origin, "\(error)"))
            }
            result.settings.origins["servlets.\(name)"] = servlet.origin
        }
        result.settings.servlets = servlets.mapValues(\.specification)
        // Who may use one is said with it, or for all.
        result.settings.servletAccess = [:]
    }

    private func takeServlets(_ written: [Written], _ result: inout Result) {
        var servlets: Placed = [:]
        for value in written {
            let parts = value.text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts.first ?? "")
            guard servlets[name] == nil else {
                result.complaints.append(
                    Complaint(value.origin, "\(name) is given twice; every name needs to be its own"))
                continue
            }
            do {
                var specification = try ServletSpecification(String(parts.last ?? ""))
                if value.origin.isFlag, let framing, case .exec(var program) = specification {
                    guard let known = ProgramFraming(rawValue: framing) else { continue }
                    program.framing = known
                    specification = .exec(program)
                }
                servlets[name] = (specification, value.origin)
            } catch {
                result.complaints.append(complaint(value, "\(error)"))
            }
        }
        takeServlets(servlets, &result)
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text.drop { $0.isWhitespace })
    }

    // MARK: Variables that are none of ours

    private func unknownVariables() -> [Complaint] {
        let known = Setting.all.map(\.variable) + [Self.fileVariable, Self.servletsVariable]
        return environment.keys.filter { $0.hasPrefix("LONGWIRE_") && !known.contains($0) }.sorted().map { name in
            let words = known.map { String($0.dropFirst("LONGWIRE_".count)) }
            let near = Nearest.word(String(name.dropFirst("LONGWIRE_".count)), among: words)
            let hint = near.map { "; did you mean LONGWIRE_\($0)?" } ?? ""
            return Complaint(.environment(name), "longwired has no such variable\(hint)")
        }
    }
}
