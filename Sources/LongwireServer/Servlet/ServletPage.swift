internal import HTTPTypes
internal import LongwireTransport
internal import NIOCore

/// A page that a servlet shows to whoever opens its URL in a browser.
///
/// It is one file of HTML, with its style and its script inside. It may load scripts and open sessions of its own host
/// only, and its inline parts need the nonce of the answer: `<script type="module" nonce="@NONCE@">`. `@MOUNT@` stands
/// for the path of the mount, without a slash at its end, for use in attributes:
/// `<html data-mount="@MOUNT@">`, below which `longwire.js` is found.
public struct ServletPage: Sendable {
    /// The page's HTML.
    public var html: String

    /// A page of this HTML.
    public init(html: String) { self.html = html }

    /// What a page may do: its own scripts and sessions, and nothing from elsewhere.
    static func policy(nonce: String) -> String {
        "default-src 'none'; script-src 'self' 'nonce-\(nonce)'; style-src 'nonce-\(nonce)'; connect-src 'self'; "
            + "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    }

    func answer(_ head: HTTPRequest, mountPath: String, _ exchange: any HTTPExchange) {
        let nonce = PlainSecret.random(bytes: 16).text
        let path = mountPath == "/" ? "" : mountPath
        let body = Self.filled(html, ["@NONCE@": nonce, "@MOUNT@": Self.attribute(path)])
        var response = HTTPResponse(status: .ok)
        response.headerFields[.contentType] = "text/html; charset=utf-8"
        response.headerFields[.contentLength] = String(body.utf8.count)
        response.headerFields[.cacheControl] = "no-store"
        response.headerFields[.vary] = "Accept"
        response.headerFields[.contentSecurityPolicy] = Self.policy(nonce: nonce)
        response.headerFields[.xContentTypeOptions] = "nosniff"
        if let name = HTTPField.Name("Referrer-Policy") { response.headerFields[name] = "no-referrer" }
        exchange.write(head: response)
        if head.method == .get { exchange.write(body: ByteBuffer(string: body)) }
        exchange.finish()
    }

    private static func filled(_ html: String, _ values: [String: String]) -> String {
        var parts = html.split(separator: "@", omittingEmptySubsequences: false).map(String.init)
        // Between two marks stands a name; whatever else has a mark keeps it.
        var text = parts.removeFirst()
        var index = 0
        while index < parts.count {
            if let value = values["@\(parts[index])@"], index + 1 < parts.count {
                text += value + parts[index + 1]
                index += 2
            } else {
                text += "@" + parts[index]
                index += 1
            }
        }
        return text
    }

    private static func attribute(_ text: String) -> String {
        text.reduce(into: "") { quoted, character in
            switch character {
            case "&": quoted += "&amp;"
            case "<": quoted += "&lt;"
            case "\"": quoted += "&quot;"
            default: quoted.append(character)
            }
        }
    }
}
