internal import HTTPTypes

/// The mapping of FastCGI parameters to the head of an HTTP request.
enum RequestHead {
    /// Makes the head, or says why the request is refused.
    static func make(
        from parameters: FastCGIParameters, maximumHeaderFields: Int
    ) throws(Refusal) -> HTTPRequest {
        try parameters.withUnsafeBytes { bytes -> Result<HTTPRequest, Refusal> in
            var mapping = Mapping(bytes, maximumHeaderFields: maximumHeaderFields)
            do throws(Refusal) {
                for pair in parameters.pairs { try mapping.take(pair) }
                return .success(try mapping.request())
            } catch {
                return .failure(error)
            }
        }.get()
    }
}

/// One pass over the parameters, which remembers where the values lie that make up the pseudo-header.
private struct Mapping {
    private let bytes: UnsafeRawBufferPointer
    private let maximumHeaderFields: Int
    private var fields = HTTPFields()
    /// Of each variable, its first value.
    private var values = InlineArray<12, Range<Int>?>(repeating: nil)
    private var hasContentType = false
    private var hasContentLength = false

    init(_ bytes: UnsafeRawBufferPointer, maximumHeaderFields: Int) {
        self.bytes = bytes
        self.maximumHeaderFields = maximumHeaderFields
        self.fields.reserveCapacity(min(maximumHeaderFields, 8))
    }

    mutating func take(_ pair: NameValuePairs.Pair) throws(Refusal) {
        let name = self.bytes(pair.name)
        switch RequestVariable(name) {
        case .contentType where !self.hasContentType:
            self.hasContentType = true
            if !pair.value.isEmpty { try self.add(.contentType, pair.value) }
        case .contentLength where !self.hasContentLength:
            self.hasContentLength = true
            // Empty (nginx with a chunked body), -1 (Caddy) and nonsense all mean: not known.
            if Self.isNumber(self.bytes(pair.value)) { try self.add(.contentLength, pair.value) }
        case .some(let variable):
            if self.values[variable.rawValue] == nil { self.values[variable.rawValue] = pair.value }
        case nil:
            if let field = FieldVariable.name(name) { try self.add(field, pair.value) }
        }
    }

    private mutating func add(_ name: HTTPField.Name, _ value: Range<Int>) throws(Refusal) {
        let bytes = self.bytes(value)
        var isPlain = bytes.first != 0x20 && bytes.last != 0x20
        for byte in bytes {
            // A line break or a NUL in a value is an attempt to be two fields somewhere: not passed on.
            if byte == 0 || byte == 10 || byte == 13 { return }
            isPlain = isPlain && byte >= 0x20 && byte < 0x7f
        }
        guard self.fields.count < self.maximumHeaderFields else {
            throw .tooLarge("maximumHeaderFields", self.maximumHeaderFields)
        }
        // At less cost than to append; but it replaces fields of the same name, and splits cookies.
        if isPlain, name != .cookie, !self.fields.contains(name) {
            self.fields[name] = String(decoding: bytes, as: UTF8.self)
        } else {
            self.fields.append(HTTPField(name: name, lenientValue: bytes))
        }
    }

    func request() throws(Refusal) -> HTTPRequest {
        guard let method = self.method() else { throw .malformed("REQUEST_METHOD is missing or no token.") }
        let path = self.path()
        guard Self.isVisible(path) else {
            throw .malformed("REQUEST_URI is missing or has characters that may not be in it.")
        }
        let authority = self.authority()
        guard authority.isEmpty || Self.isVisible(authority) else {
            throw .malformed("HTTP_HOST has characters that may not be in it.")
        }
        return HTTPRequest(
            method: method, scheme: self.scheme(), authority: authority.isEmpty ? nil : authority, path: path,
            headerFields: self.fields)
    }

    private func method() -> HTTPRequest.Method? {
        let method = self.value(.method)
        if method.equals("POST") { return .post }
        if method.equals("GET") { return .get }
        return HTTPRequest.Method(self.text(.method))
    }

    private func path() -> String {
        let uri = self.text(.uri)
        if !uri.isEmpty { return uri }
        let query = self.text(.query)
        return self.text(.script) + self.text(.pathInfo) + (query.isEmpty ? "" : "?" + query)
    }

    private func authority() -> String {
        let host = self.text(.host)
        if !host.isEmpty { return host }
        let port = self.text(.serverPort)
        let name = self.text(.serverName)
        return name.isEmpty || port.isEmpty ? name : name + ":" + port
    }

    private func scheme() -> String {
        let scheme = self.value(.scheme)
        if scheme.equals("https") { return "https" }
        if scheme.equals("http") { return "http" }
        let https = self.value(.https)
        return https.equals("on") || https.equals("1") ? "https" : "http"
    }

    private func text(_ variable: RequestVariable) -> String {
        String(decoding: self.value(variable), as: UTF8.self)
    }

    private func value(_ variable: RequestVariable) -> UnsafeRawBufferPointer {
        self.bytes(self.values[variable.rawValue] ?? 0..<0)
    }

    private func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        // The ranges were found in these very bytes.
        UnsafeRawBufferPointer(rebasing: self.bytes[range])
    }

    private static func isNumber(_ bytes: UnsafeRawBufferPointer) -> Bool {
        // Eighteen digits are below 2⁶³.
        !bytes.isEmpty && bytes.count <= 18 && bytes.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    private static func isVisible(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            for byte in bytes where byte <= 0x20 || byte == 0x7f { return false }
            return !bytes.isEmpty
        }
    }
}
