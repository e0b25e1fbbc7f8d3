internal import HTTPTypes

/// What the page at a mount says, in either form.
struct PageContent {
    /// A servlet as a line of the page.
    struct Entry {
        let name: String
        let summary: String
        let url: String

        var command: String { "longwire connect \(url)" }
    }

    let entries: [Entry]
    /// The servlet that the page is about; nil at the mount itself.
    let servlet: String?
    let mountURL: String

    init(mount: Mount, servlet: String?, head: HTTPRequest) {
        let path = mount.configuration.path == "/" ? "" : mount.configuration.path
        let base = "\(head.scheme ?? "http")://\(head.authority ?? "HOST")\(path)"
        mountURL = path.isEmpty ? base + "/" : base
        self.servlet = servlet
        entries = mount.servlets.filter { servlet == nil || $0.key == servlet }.sorted { $0.key < $1.key }.map {
            Entry(name: $0.key, summary: $0.value.summary, url: "\(base)/\(PercentEncoding.encoded($0.key))")
        }
    }

    /// For curl, and everything else that does not ask for HTML.
    var text: String {
        let commands = entries.map { entry in
            let about = servlet == nil && !entry.summary.isEmpty ? "    # \(entry.summary)" : ""
            return "    \(entry.command)\(about)\n"
        }.joined()
        guard let servlet else {
            return "This is Longwire. Its servlets are reached with\n\n\(commands)\nlongwired \(ServerVersion.text)\n"
        }
        let summary = entries.first.map { $0.summary.isEmpty ? "." : ": \($0.summary)." } ?? "."
        return "The Longwire servlet \"\(servlet)\"\(summary) Talk to it with\n\n\(commands)\n"
    }
}
