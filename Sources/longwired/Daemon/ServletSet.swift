internal import LongwireServer
internal import Logging

/// The servlets in force, with what they were made from: one that did not change keeps its instance.
struct ServletSet: Sendable {
    private let specifications: [String: ServletSpecification]
    let kinds: [String: ServletKind]

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
        for (name, specification) in settings.servlets.sorted(by: { $0.key < $1.key }) {
            if let kind = old?.kinds[name], old?.specifications[name] == specification {
                kinds[name] = kind
                continue
            }
            do { kinds[name] = try specification.make(logger: logger) } catch {
                complaints.append(Complaint(settings.origin(of: "servlets.\(name)"), "\(name): \(error)"))
            }
        }
        return (ServletSet(specifications: settings.servlets, kinds: kinds), complaints)
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
