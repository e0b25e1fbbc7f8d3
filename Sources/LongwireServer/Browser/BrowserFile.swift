internal import HTTPTypes
internal import NIOCore

/// A file that a mount serves to browsers, from the program itself: the module and its types.
struct BrowserFile: Sendable {
    let name: String
    let contentType: String
    let bytes: ByteBuffer
    /// Changes with the content.
    let tag: String

    /// Every one; no servlet can have these names.
    static let all = [
        BrowserFile("longwire.js", "text/javascript; charset=utf-8", PackageResources.longwire_js),
        // What editors and compilers read; a browser shows it.
        BrowserFile("longwire.d.ts", "text/plain; charset=utf-8", PackageResources.longwire_d_ts),
    ]

    private init(_ name: String, _ contentType: String, _ content: [UInt8]) {
        self.name = name
        self.contentType = contentType
        bytes = ByteBuffer(bytes: content)
        // FNV-1a, 64 bit: it tells versions apart, and nobody gains by two that are alike.
        let hash = content.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        tag = "\"\(String(hash, radix: 16))\""
    }

    static func named(_ name: String) -> BrowserFile? { all.first { $0.name == name } }

    func answer(_ head: HTTPRequest, _ exchange: any HTTPExchange) {
        guard head.method == .get || head.method == .head else {
            return Problem(
                status: .methodNotAllowed, title: "Wrong method", detail: "This is a file; it can be read.",
                fields: [.allow: "GET, HEAD"]
            ).answer(exchange)
        }
        var response = HTTPResponse(status: .ok)
        response.headerFields[.contentType] = contentType
        // Asked for again each time, and sent again only when it changed.
        response.headerFields[.cacheControl] = "no-cache"
        response.headerFields[.eTag] = tag
        response.headerFields[.xContentTypeOptions] = "nosniff"
        let known = head.headerFields[.ifNoneMatch] ?? ""
        if known.split(separator: ",").contains(where: {
            $0.filter { $0 != " " }.drop { $0 == "W" || $0 == "/" } == tag
        }) {
            response.status = .notModified
            exchange.write(head: response)
            return exchange.finish()
        }
        response.headerFields[.contentLength] = String(bytes.readableBytes)
        exchange.write(head: response)
        if head.method == .get { exchange.write(body: bytes) }
        exchange.finish()
    }
}
