import HTTPTypes
import NIOCore
import Testing

@testable import FastCGI

@Suite struct RequestHeadTests {
    private func head(_ pairs: [(String, String)], fields: Int = 128) throws -> HTTPRequest {
        let buffer = ByteBuffer(bytes: Wire.pairs(pairs))
        let limits = FastCGIConfiguration().parameterLimits
        let parameters = FastCGIParameters(buffer: buffer, pairs: try NameValuePairs.decode(buffer, limits: limits))
        return try RequestHead.make(from: parameters, maximumHeaderFields: fields)
    }

    private let minimal = [("REQUEST_METHOD", "POST"), ("REQUEST_URI", "/x%20y?q=1&r")]

    @Test func theRequestIsMapped() throws {
        let head = try self.head(
            self.minimal + [
                ("HTTP_HOST", "example.org:8080"), ("REQUEST_SCHEME", "https"), ("HTTP_X_FORWARDED_FOR", "::1"),
                ("CONTENT_TYPE", "text/plain"), ("CONTENT_LENGTH", "12"), ("HTTP_ACCEPT", "*/*"),
            ])
        #expect(head.method == .post)
        #expect(head.path == "/x%20y?q=1&r")
        #expect(head.authority == "example.org:8080")
        #expect(head.scheme == "https")
        #expect(head.headerFields[.contentType] == "text/plain")
        #expect(head.headerFields[.contentLength] == "12")
        #expect(head.headerFields[.accept] == "*/*")
        #expect(try head.headerFields[#require(HTTPField.Name("x-forwarded-for"))] == "::1")
        #expect(head.headerFields.count == 4)
    }

    @Test(arguments: ["", "-1", "12x", "+5", "99999999999999999999", " 1"])
    func aContentLengthThatIsNoNumberIsLeftOut(length: String) throws {
        #expect(try self.head(self.minimal + [("CONTENT_LENGTH", length)]).headerFields.isEmpty)
    }

    @Test func anAbsentContentLengthIsAccepted() throws {
        #expect(try self.head(self.minimal).headerFields[.contentLength] == nil)
    }

    @Test func withoutTheURIThePathIsPutTogether() throws {
        let parts = [("REQUEST_METHOD", "GET"), ("SCRIPT_NAME", "/app"), ("PATH_INFO", "/echo")]
        #expect(try self.head(parts).path == "/app/echo")
        #expect(try self.head(parts + [("QUERY_STRING", "a=b")]).path == "/app/echo?a=b")
    }

    @Test func withoutAHostTheServersNameServes() throws {
        let parts = self.minimal + [("SERVER_NAME", "s.example"), ("SERVER_PORT", "81")]
        #expect(try self.head(parts).authority == "s.example:81")
        #expect(try self.head(self.minimal).authority == nil)
    }

    @Test(arguments: [("on", "https"), ("1", "https"), ("off", "http"), ("", "http")])
    func httpsTellsTheScheme(value: String, scheme: String) throws {
        #expect(try self.head(self.minimal + [("HTTPS", value)]).scheme == scheme)
    }

    @Test func whatMayNotPassIsDropped() throws {
        let head = try self.head(
            self.minimal + [
                ("HTTP_PROXY", "http://evil"), ("HTTP_TRANSFER_ENCODING", "chunked"), ("HTTP_CONTENT_LENGTH", "3"),
                ("HTTP_CONTENT_TYPE", "x"), ("HTTP_", "empty"), ("HTTP_A(B", "no token"), ("HTTP_X", "a\r\nb: c"),
                ("HTTP_ÄÖ", "not ASCII"), ("DOCUMENT_ROOT", "/"),
            ])
        #expect(head.headerFields.isEmpty)
    }

    @Test(arguments: [
        [("REQUEST_URI", "/")], [("REQUEST_METHOD", "G T"), ("REQUEST_URI", "/")],
        [("REQUEST_METHOD", ""), ("REQUEST_URI", "/")], [("REQUEST_METHOD", "GET")],
        [("REQUEST_METHOD", "GET"), ("REQUEST_URI", "/a b")], [("REQUEST_METHOD", "GET"), ("REQUEST_URI", "/a\r\nb")],
        [("REQUEST_METHOD", "GET"), ("REQUEST_URI", "/"), ("HTTP_HOST", "a b")],
    ]) func aHeadThatIsNoRequestIsRefusedWith400(pairs: [(String, String)]) {
        #expect { try self.head(pairs) } throws: { ($0 as? Refusal)?.status == 400 }
    }

    @Test func tooManyHeaderFieldsAreRefusedWith431() {
        let fields = (0..<11).map { ("HTTP_X\($0)", "v") }
        #expect(throws: Refusal(status: 431, reason: "The parameters of this request exceed maximumHeaderFields (10)."))
        {
            try self.head(self.minimal + fields, fields: 10)
        }
    }

    @Test func bytesThatAreNotUTF8SurviveInFields() throws {
        var bytes = Wire.pairs(self.minimal) + [6, 2] + Array("HTTP_X".utf8) + [0xe4, 0xff]
        bytes += []
        let buffer = ByteBuffer(bytes: bytes)
        let pairs = try NameValuePairs.decode(buffer, limits: FastCGIConfiguration().parameterLimits)
        let head = try RequestHead.make(
            from: FastCGIParameters(buffer: buffer, pairs: pairs), maximumHeaderFields: 10)
        #expect(head.headerFields.first?.withUnsafeBytesOfValue { Array($0) } == [0xe4, 0xff])
    }
}
