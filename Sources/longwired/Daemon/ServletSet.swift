internal import LongwireServer
internal import Logging

/// The servlets in force, with what they were made from: one that did not change keeps its instance.
struct ServletSet: Sendable {
    private let specifications: [String: ServletSpecification]
    private let accessSpecifications: [String: AccessSpecification]
    /// What JSON Web Tokens had to say when the rules were made.
    private let jwt: JWTSettings
    let kinds: [String: ServletKind]
    /// Who may use them, where that is not everybody.
    let access: [String: any AccessRule]

    /// What became of the servlets of before, by their names.
    struct Change {
        var added: [String] = []
        var removed: [String] = []
        var replaced: [String] = []
    }

    /// Makes what is new or different; all complaints at once.
    static func make(
        _ settings: Settings, keeping old: ServletSet?, logger: Logger
    ) -> (set: ServletSet, complaints: [Complaint]) {
        var kinds: [String: ServletKind] = [:]
        var complaints: [Complaint] = []
        var access: [String: any AccessRule] = [:]
        // Servlets with the same file have one rule, which reads it once.
        var rules: [String: any AccessRule] = [:]
        for (name, specification) in old?.accessSpecifications ?? [:] where old?.jwt == settings.jwt {
            rules[specification.text] = old?.access[name]
        }
        for name in settings.servlets.keys.sorted() {
            let specification = settings.access(of: name)
            let isOwn = settings.servletAccess[name] != nil
            let origin = settings.origin(of: isOwn ? "servlets.\(name)" : "access.rule")
            if let sentence = specification.complaint(settings) {
                let complaint = Complaint(origin, isOwn ? "\(name): \(sentence)" : sentence)
                if !complaints.contains(complaint) { complaints.append(complaint) }
                continue
            }
            do {
                if rules[specification.text] == nil {
                    rules[specification.text] = try specification.make(settings, logger: logger)
                }
                access[name] = rules[specification.text]
            } catch {
                let complaint = Complaint(origin, isOwn ? "\(name): \(error)" : "\(error)")
                if !complaints.contains(complaint) { complaints.append(complaint) }
            }
        }
        for (name, specification) in settings.servlets.sorted(by: { $0.key < $1.key }) {
            if let kind = old?.kinds[name], old?.specifications[name] == specification {
                kinds[name] = kind
                continue
            }
            do { kinds[name] = try specification.make(logger: logger) } catch {
                complaints.append(Complaint(settings.origin(of: "servlets.\(name)"), "\(name): \(error)"))
            }
        }
        let accessSpecifications = settings.servlets.keys.map { ($0, settings.access(of: $0)) }
        return (
            ServletSet(
                specifications: settings.servlets,
                accessSpecifications: Dictionary(uniqueKeysWithValues: accessSpecifications), jwt: settings.jwt,
                kinds: kinds, access: access), complaints
        )
    }

    func change(from old: ServletSet) -> Change {
        var change = Change()
        for (name, specification) in specifications.sorted(by: { $0.key < $1.key }) {
            switch old.specifications[name] {
            case nil: change.added.append(name)
            case specification: break
            default: change.replaced.append(name)
            }
        }
        change.removed = old.specifications.keys.filter { specifications[$0] == nil }.sorted()
        return change
    }
}
