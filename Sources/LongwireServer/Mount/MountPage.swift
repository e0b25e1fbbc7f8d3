internal import HTTPTypes
internal import NIOCore

/// What a person sees who opens the mount in a browser or with curl.
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
        let body = text(head)
        var response = HTTPResponse(status: .ok)
        response.headerFields[.contentType] = "text/plain; charset=utf-8"
        response.headerFields[.contentLength] = String(body.utf8.count)
        response.headerFields[.cacheControl] = "no-store"
        exchange.write(head: response)
        if head.method == .get { exchange.write(body: ByteBuffer(string: body)) }
        exchange.finish()
    }

    private func text(_ head: HTTPRequest) -> String {
        let prefix = mount.configuration.path == "/" ? "" : mount.configuration.path
        let base = "\(head.scheme ?? "http")://\(head.authority ?? "HOST")\(prefix)"
        if let servlet {
            return """
                The Longwire servlet "\(servlet)". Talk to it with

                    longwire connect \(base)/\(servlet)

                """
        }
        let lines = mount.servletNames.map { "    longwire connect \(base)/\($0)\n" }.joined()
        return "This is Longwire. Its servlets are reached with\n\n\(lines)\n"
    }
}
