internal import LongwireServer
internal import Logging

/// The step from one configuration to the next: prepared as a whole, then taken or not.
struct Reload {
    let settings: Settings
    let servlets: ServletSet
    /// What is different now, for the log; empty when nothing is.
    let changes: Logger.Metadata

    /// Why the old configuration stays.
    struct Refused: Error {
        let complaints: [Complaint]
    }

    /// Reads everything again and makes what is new; the processes of today notice nothing.
    static func prepare(
        _ loader: SettingsLoader, from old: Settings, _ servlets: ServletSet, logger: Logger
    ) throws(Refused) -> Reload {
        let loaded = loader.load()
        var complaints = loaded.complaints
        let settings = loaded.settings
        if complaints.isEmpty { complaints = Self.fixed(from: old, to: settings, file: loaded.file) }
        guard complaints.isEmpty else { throw Refused(complaints: complaints) }
        let (next, failures) = ServletSet.make(settings, keeping: servlets, logger: logger)
        guard failures.isEmpty else { throw Refused(complaints: failures) }
        return Reload(
            settings: settings, servlets: next,
            changes: Self.changes(from: old, to: settings, next.change(from: servlets)))
    }

    /// What only a restart changes.
    private static func fixed(from old: Settings, to new: Settings, file: String?) -> [Complaint] {
        Setting.all.filter { $0.isFixed && $0.show(old) != $0.show(new) }.map { setting in
            let was = setting.show(old).joined(separator: " ")
            var origin = new.origin(of: setting.path)
            if origin == .standard, let file { origin = .file(file, line: 0, column: 0) }
            return Complaint(
                origin,
                "\(setting.path) cannot change while longwired runs; it is \(was.isEmpty ? "not set" : was), restart "
                    + "longwired to change it")
        }
    }

    private static func changes(
        from old: Settings, to new: Settings, _ servlets: ServletSet.Change
    ) -> Logger.Metadata {
        var changes: Logger.Metadata = [:]
        for setting in Setting.all where setting.show(old) != setting.show(new) {
            changes[setting.path] = "\(setting.show(new).joined(separator: " "))"
        }
        for (name, list) in [
            ("added", servlets.added), ("removed", servlets.removed), ("replaced", servlets.replaced),
        ] where !list.isEmpty { changes[name] = "\(list.joined(separator: " "))" }
        return changes
    }
}
