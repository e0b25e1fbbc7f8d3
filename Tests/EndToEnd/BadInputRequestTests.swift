import LongwireClient
import TestSupport
import Testing

/// Requests that are none of ours, or that nobody sends in good faith.
@Suite struct BadInputRequestTests {
    private static let frames = ["Content-Type: application/vnd.longwire"]

    // R: D1, D10
    @Test func aServletThatIsNotThereIsNamedInA404() async throws {
        let site = try await BadInputSite()
        for port in site.ports {
            let answer = try await BadInputHTTP.exchange(port: port, "POST", "/longwire/nothing", fields: Self.frames)
            #expect(answer.isProblem(404, "Nothing is mounted at /longwire/nothing."), "\(answer)")
            await #expect {
                _ = try await Longwire.connect(site.url("nothing", port: port))
            } throws: { error in
                (error as? ConnectError)?.kind == .status(404)
                    && "\(error)".contains("Nothing is mounted at /longwire/nothing.")
            }
        }
        try await site.expectUndisturbed()
    }

    // R: D1, D10
    @Test func pathsThatTwoReadersUnderstandDifferentlyAreRefused() async throws {
        let site = try await BadInputSite()
        let tricks = [
            ("/longwire/../longwire/echo", "the path must not contain empty, . or .. segments."),
            ("/longwire/./echo", "the path must not contain empty, . or .. segments."),
            ("/longwire//echo", "the path must not contain empty, . or .. segments."),
            ("/longwire/x/%2e%2E/echo", "the path must not contain empty, . or .. segments."),
            ("/longwire/%2e/echo", "the path must not contain empty, . or .. segments."),
            ("/longwire/x%2fecho", "the path must not contain %2f."),
            ("/longwire/x%5Cecho", "the path must not contain %5c."),
        ]
        for port in site.ports {
            for (target, detail) in tricks {
                let answer = try await BadInputHTTP.exchange(port: port, "POST", target, fields: Self.frames)
                #expect(answer.isProblem(400, detail), "\(target) at \(port): \(answer)")
            }
            // NUL never gets past nginx; whoever sees it refuses it.
            let null = try await BadInputHTTP.exchange(port: port, "POST", "/longwire/echo%00", fields: Self.frames)
            #expect(null.status == 400, "\(null)")
            // Decoded exactly once: this is the name of a servlet that nobody mounted.
            let twice = try await BadInputHTTP.exchange(
                port: port, "POST", "/longwire/%252e%252e/echo", fields: Self.frames)
            #expect(twice.isProblem(404, "Nothing is mounted at /longwire/%2e%2e/echo."), "\(twice)")
        }
        // Here nginx reads ..%2F as ../, and the request was never ours.
        let outside = try await BadInputHTTP.exchange(
            port: site.nginx.port, "POST", "/longwire/..%2Findex.html", fields: Self.frames)
        #expect(outside.field("Server")?.hasPrefix("nginx") == true && outside.status == 405, "\(outside)")
        let broken = try await BadInputHTTP.exchange(
            port: site.httpPort, "POST", "/longwire/ec%4", fields: Self.frames)
        #expect(broken.isProblem(400, "the path is not valid percent-encoded UTF-8."), "\(broken)")
        let foreign = try await BadInputHTTP.exchange(
            port: site.httpPort, "POST", "http://other.example/longwire/echo", fields: Self.frames)
        #expect(foreign.isProblem(400, "the request names another host."), "\(foreign)")
        let own = try await BadInputHTTP.exchange(port: site.httpPort, "GET", "http://127.0.0.1/longwire/echo")
        #expect(own.status == 200, "\(own)")
        try await site.expectUndisturbed()
    }

    // R: D1
    @Test func otherPathsOfTheWebServerGoOnAsBefore() async throws {
        let site = try await BadInputSite()
        let page = try await BadInputHTTP.exchange(port: site.nginx.port, "GET", "/")
        #expect(page.status == 200 && page.description.hasSuffix(NginxFixture.page), "\(page)")
        let away = try await BadInputHTTP.exchange(port: site.nginx.port, "GET", "/longwire/../index.html")
        #expect(away.status == 200 && away.description.hasSuffix(NginxFixture.page), "\(away)")
        let elsewhere = try await BadInputHTTP.exchange(port: site.httpPort, "GET", "/index.html")
        #expect(elsewhere.isProblem(404, "Longwire is mounted at /longwire."), "\(elsewhere)")
        try await site.expectUndisturbed()
    }

    // R: D7
    @Test func aWrongMethodOrTypeIsToldWhichOneIsRight() async throws {
        let site = try await BadInputSite()
        for port in site.ports {
            for method in ["PUT", "DELETE", "PATCH"] {
                let answer = try await BadInputHTTP.exchange(
                    port: port, method, "/longwire/echo", fields: Self.frames)
                #expect(answer.isProblem(405, "A session is opened with POST."), "\(answer)")
                #expect(answer.field("Allow") == "POST, GET, HEAD")
            }
            let page = try await BadInputHTTP.exchange(port: port, "POST", "/longwire/", fields: Self.frames)
            #expect(page.status == 405 && page.field("Allow") == "GET, HEAD", "\(page)")
            for type in [["Content-Type: text/plain"], []] {
                let answer = try await BadInputHTTP.exchange(port: port, "POST", "/longwire/echo", fields: type)
                let detail = "A session is opened with Content-Type: application/vnd.longwire."
                #expect(answer.isProblem(415, detail), "\(answer)")
            }
        }
        try await site.expectUndisturbed()
    }

    // R: D7
    @Test func aBodyThatIsNotFramesIsRefusedWithASentence() async throws {
        let site = try await BadInputSite()
        let bodies = [
            (
                "hello, world, this is no frame at all, and it goes on for a while",
                "The body ended before an OPEN frame."
            ),
            ("", "The body ended before an OPEN frame."),
            ("\u{6}\u{0}", "The first frame must be OPEN."),
            ("\u{1}\u{2}\u{1}\u{1}", "a frame of type 1 is malformed."),
        ]
        for port in site.ports {
            for (body, detail) in bodies {
                let answer = try await BadInputHTTP.exchange(
                    port: port, "POST", "/longwire/echo", fields: Self.frames, body: body)
                #expect(answer.isProblem(400, detail), "\(answer)")
            }
        }
        try await site.expectUndisturbed()
    }

    // R: D10
    @Test func whatIsNotHTTPIsRefusedAndTheConnectionClosed() async throws {
        let site = try await BadInputSite()
        for text in ["\u{16}\u{3}\u{1}\u{0}\u{0}", "SSH-2.0-x\r\n\r\n", "POST /longwire/echo\r\n\r\n"] {
            let connection = try BadInputConnection(port: site.httpPort)
            try await connection.send(text)
            let answer = BadInputAnswer(try await connection.takeToEnd())
            #expect(answer.status == 400 || answer.status == 0, "\(answer)")
        }
        try await site.expectUndisturbed()
    }
}
