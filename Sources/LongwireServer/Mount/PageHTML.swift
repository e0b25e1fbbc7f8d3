/// The page as HTML: one document without anything from elsewhere, for light and dark, for wide and narrow windows.
struct PageHTML {
    private let content: PageContent

    init(_ content: PageContent) { self.content = content }

    /// Nothing may be loaded and nothing run; the one style is named by its hash.
    static let policy =
        "default-src 'none'; style-src 'sha256-\(styleHash)'; base-uri 'none'; form-action 'none'; "
        + "frame-ancestors 'none'"

    /// SHA-256 of ``style`` in base 64; a test compares them.
    static let styleHash = "+ToI5vdTZJOJfgrlYYHhjbP5PDQmV/bOb31Jt3U0R2o="

    static let style = """
        :root{color-scheme:light dark;--ink:#1c2430;--paper:#fbfaf7;--soft:#5b6675;--line:#dcd8cf;--code:#f1eee7;\
        --wire:#b4531f}\
        @media(prefers-color-scheme:dark){:root{--ink:#e6e3dc;--paper:#14181e;--soft:#9aa5b3;--line:#2c343f;\
        --code:#1d232c;--wire:#f0935a}}\
        *{box-sizing:border-box}\
        body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.55 system-ui,sans-serif}\
        main{max-width:44rem;margin:0 auto;padding:3rem 1.25rem 2rem}\
        h1{font-size:1.7rem;line-height:1.2;margin:0 0 .5rem}\
        h1::after{content:"";display:block;width:5rem;border-bottom:3px solid var(--wire);margin-top:.75rem}\
        p{margin:1rem 0}\
        ul{list-style:none;margin:2rem 0;padding:0}\
        li{border-top:1px solid var(--line);padding:1rem 0}\
        h2{font-size:1.1rem;display:inline;margin:0 .6rem 0 0}\
        a{color:var(--wire)}h2 a{text-decoration:none}h2 a:hover{text-decoration:underline}\
        .about,footer{color:var(--soft)}\
        pre{background:var(--code);border:1px solid var(--line);border-radius:.4rem;padding:.6rem .8rem;\
        margin:.6rem 0 0;white-space:pre-wrap;overflow-wrap:anywhere;font:.9rem/1.4 ui-monospace,monospace}\
        footer{border-top:1px solid var(--line);padding-top:1rem;font-size:.9rem}
        """

    var text: String {
        let title = content.servlet.map { "\(Self.escaped($0)) · Longwire" } ?? "Longwire"
        return """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width,initial-scale=1">
            <title>\(title)</title>
            <style>\(Self.style)</style>
            </head>
            <body>
            <main>
            \(content.servlet == nil ? mountPart : servletPart)
            <footer>longwired \(ServerVersion.text)</footer>
            </main>
            </body>
            </html>

            """
    }

    private var mountPart: String {
        let items = content.entries.map { entry in
            let about = entry.summary.isEmpty ? "" : "<span class=\"about\">\(Self.escaped(entry.summary))</span>"
            return """
                <li><h2><a href="\(Self.escaped(entry.url))">\(Self.escaped(entry.name))</a></h2>\(about)
                <pre>\(Self.escaped(entry.command))</pre></li>
                """
        }
        return """
            <h1>This is Longwire</h1>
            <p>Programs talk here in both directions over one HTTP request that stays open. Each of these servlets is \
            reached from a terminal with the command below it.</p>
            <ul>
            \(items.joined(separator: "\n"))
            </ul>
            """
    }

    private var servletPart: String {
        let entry = content.entries.first
        let about = entry.map(\.summary).flatMap { $0.isEmpty ? nil : "<p>\(Self.escaped($0))</p>\n" } ?? ""
        return """
            <h1>\(Self.escaped(content.servlet ?? ""))</h1>
            \(about)<p>This is a Longwire servlet. Talk to it from a terminal:</p>
            <pre>\(Self.escaped(entry?.command ?? ""))</pre>
            <p><a href="\(Self.escaped(content.mountURL))">All servlets</a></p>
            """
    }

    /// Text for HTML, between tags and in quoted attributes.
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
