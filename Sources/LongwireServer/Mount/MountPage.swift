internal import HTTPTypes
internal import NIOCore

/// What a person sees who opens the mount, or one of its servlets, in a browser or with curl.
struct MountPage {
    let mount: Mount
    var servlet: String?

    func answer(_ head: HTTPRequest, _ exchange: any HTTPExchange) {
        guard head.method == .get || head.method == .head else {
            return Problem(
                status: .methodNotAllowed, title: "Wrong method",
                detail: "This is the mount itself; a session is opened with POST to one of its servlets.",
                fields: [.allow: "GET, HEAD"]
            ).answer(exchange)
        }
        let content = PageContent(mount: mount, servlet: servlet, head: head)
        let isHTML = Self.wantsHTML(head.headerFields[.accept])
        let body = isHTML ? PageHTML(content).text : content.text
        var response = HTTPResponse(status: .ok)
        response.headerFields[.contentType] = isHTML ? "text/html; charset=utf-8" : "text/plain; charset=utf-8"
        response.headerFields[.contentLength] = String(body.utf8.count)
        response.headerFields[.cacheControl] = "no-store"
        response.headerFields[.vary] = "Accept"
        response.headerFields[.xContentTypeOptions] = "nosniff"
        if isHTML {
            response.headerFields[.contentSecurityPolicy] = PageHTML.policy
            if let name = HTTPField.Name("Referrer-Policy") { response.headerFields[name] = "no-referrer" }
        }
        exchange.write(head: response)
        if head.method == .get { exchange.write(body: ByteBuffer(string: body)) }
        exchange.finish()
    }

    /// Whether a client names text/html among what it accepts (RFC 9110 section 12.5.1); curl's `*/*` does not.
    static func wantsHTML(_ accept: String?) -> Bool {
        (accept ?? "").lowercased().split(separator: ",").contains { range in
            let parts = range.split(separator: ";").map { $0.filter { !$0.isWhitespace } }
            guard parts.first == "text/html" else { return false }
            let weight = parts.first { $0.hasPrefix("q=") }?.dropFirst(2)
            return weight.flatMap { Double($0) } != 0
        }
    }
}
