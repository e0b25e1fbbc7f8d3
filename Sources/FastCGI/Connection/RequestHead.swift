internal import HTTPTypes
internal import NIOCore

/// The mapping of FastCGI parameters to the head of an HTTP request.
enum RequestHead {
    /// Makes the head, or says why the request is refused.
    static func make(
        from parameters: FastCGIParameters, maximumHeaderFields: Int
    ) throws(Refusal) -> HTTPRequest {
        var mapping = Mapping(parameters, maximumHeaderFields: maximumHeaderFields)
        for index in parameters.indices { try mapping.take(index) }
        return try mapping.request()
    }
}

/// One pass over the parameters, which remembers where the variables lie that make up the pseudo-header.
private struct Mapping {
    private let parameters: FastCGIParameters
    private let maximumHeaderFields: Int
    private var fields = HTTPFields()
    /// Of each variable, where it lies first; -1 for nowhere.
    private var indices = [Int](repeating: -1, count: RequestVariable.count)
    private var hasContentType = false
    private var hasContentLength = false

    init(_ parameters: FastCGIParameters, maximumHeaderFields: Int) {
        self.parameters = parameters
        self.maximumHeaderFields = maximumHeaderFields
    }

    mutating func take(_ index: Int) throws(Refusal) {
        let name = self.parameters.nameBytes(at: index)
        switch RequestVariable(name) {
        case .contentType where !self.hasContentType:
            self.hasContentType = true
            if !self.parameters.valueBytes(at: index).isEmpty { try self.add(.contentType, index) }
        case .contentLength where !self.hasContentLength:
            self.hasContentLength = true
            // Empty (nginx with a chunked body), -1 (Caddy) and nonsense all mean: not known.
            if Self.isNumber(self.parameters.valueBytes(at: index)) { try self.add(.contentLength, index) }
        case .some(let variable):
            if self.indices[variable.rawValue] < 0 { self.indices[variable.rawValue] = index }
        case nil:
            if let field = FieldVariable.name(name) { try self.add(field, index) }
        }
    }

    private mutating func add(_ name: HTTPField.Name, _ index: Int) throws(Refusal) {
        let bytes = self.parameters.valueBytes(at: index)
        // A line break or a NUL in a value is an attempt to be two fields somewhere: not passed on.
        guard !bytes.contains(where: { $0 == 0 || $0 == 10 || $0 == 13 }) else { return }
        guard self.fields.count < self.maximumHeaderFields else {
            throw .tooLarge("maximumHeaderFields", self.maximumHeaderFields)
        }
        self.fields.append(HTTPField(name: name, lenientValue: bytes))
    }

    func request() throws(Refusal) -> HTTPRequest {
        guard let method = HTTPRequest.Method(self.value(.method)) else {
            throw .malformed("REQUEST_METHOD is missing or no token.")
        }
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

    private func path() -> String {
        let uri = self.value(.uri)
        if !uri.isEmpty { return uri }
        let query = self.value(.query)
        return self.value(.script) + self.value(.pathInfo) + (query.isEmpty ? "" : "?" + query)
    }

    private func authority() -> String {
        let host = self.value(.host)
        if !host.isEmpty { return host }
        let port = self.value(.serverPort)
        let name = self.value(.serverName)
        return name.isEmpty || port.isEmpty ? name : name + ":" + port
    }

    private func scheme() -> String {
        switch self.value(.scheme) {
        case "https": return "https"
        case "http": return "http"
        default:
            let https = self.value(.https)
            return https == "on" || https == "1" ? "https" : "http"
        }
    }

    private func value(_ variable: RequestVariable) -> String {
        let index = self.indices[variable.rawValue]
        return index < 0 ? "" : self.parameters.value(at: index)
    }

    private static func isNumber(_ bytes: ByteBufferView) -> Bool {
        // Eighteen digits are below 2⁶³.
        !bytes.isEmpty && bytes.count <= 18 && bytes.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    private static func isVisible(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7f }
    }
}
