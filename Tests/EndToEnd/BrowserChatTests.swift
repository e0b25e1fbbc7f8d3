import Foundation
import TestSupport
import Testing

/// A web server between pages and longwired.
enum ChatFront: String, CaseIterable, Sendable {
    case nginx
    case nginxHTTP2 = "nginx with TLS and HTTP/2"
    case apache = "Apache"

    /// Starts it before a longwired that runs.
    ///
    /// - Returns: what its URLs begin with, its port, and what keeps it running.
    func start(before daemon: FlowDaemon) async throws -> (scheme: String, port: Int, part: any Sendable) {
        switch self {
        case .nginx: return ("http", daemon.nginx.port, daemon.nginx)
        case .nginxHTTP2:
            var options = NginxFixture.Options(mounts: [.init(to: .tcp(port: daemon.port))])
            options.certificates = try await Certificates()
            options.http2 = true
            let nginx = try await NginxFixture(options)
            return ("https", nginx.tlsPort ?? 0, nginx)
        case .apache:
            let apache = try await ApacheFixture(.fastCGI(port: daemon.port))
            return ("http", apache.port, apache)
        }
    }
}

/// The chat page in a real Chromium, behind real web servers.
@Suite("The chat page in Chromium", .serialized, .timeLimit(.minutes(6)))
struct BrowserChatTests {
    private let folder: TemporaryFolder
    private let browser: Chromium

    init() async throws {
        folder = try TemporaryFolder()
        browser = try await Chromium()
    }

    private func daemon(_ options: [String] = []) async throws -> FlowDaemon {
        try await FlowDaemon(
            ["--servlet", "echo", "--servlet", "room=chat:\(folder.path("room.chat"))"] + options)
    }

    private func join(_ origin: String, as name: String) async throws -> ChatTab {
        let tab = ChatTab(tab: try await browser.open("\(origin)/longwire/room/?name=\(name)"))
        try await tab.tab.waitUntil("document.documentElement.dataset.state === 'connected'")
        return tab
    }

    // R: D6, D9
    @Test("two pages talk, by keyboard, and show what is said as text", arguments: ChatFront.allCases)
    func talk(_ kind: ChatFront) async throws {
        let daemon = try await daemon()
        let front = try await kind.start(before: daemon)
        let origin = "\(front.scheme)://127.0.0.1:\(front.port)"
        let ada = try await join(origin, as: "Ada")
        let grace = try await join(origin, as: "Grace")
        try await ada.tab.waitUntil("document.body.innerText.includes('Grace joined')")
        try await ada.tab.type("Is the line up?\u{E007}")
        try await grace.waitFor(["Is the line up?"])
        try await grace.tab.type("first line")
        try await grace.tab.typeShiftEnter()
        try await grace.tab.type("second line\u{E007}")
        try await ada.waitFor(["Is the line up?", "first line\nsecond line"])
        let attack = "<img src=x onerror=document.title=1><script>document.title=2</script>"
        try await grace.say(attack)
        try await ada.waitFor(["Is the line up?", "first line\nsecond line", attack])
        #expect(try await ada.tab.run("return document.querySelectorAll('#list img, #list script').length") == "0")
        #expect(try await ada.tab.run("return document.querySelectorAll('.own').length") == "1")
        #expect(try await ada.tab.log() == "")
        #expect(try await grace.tab.log() == "")
        // Who goes is gone at once, not after the time to resume.
        try await grace.tab.close()
        try await ada.tab.waitUntil("document.body.innerText.includes('Grace left')")
        // A terminal sees the same room, as text.
        let text = try await ManagedProcess.mustRun("curl", ["-sSf", daemon.url("room/")])
        #expect(text.contains("longwire connect"))
        #expect(!text.contains("<"))
        if kind == .nginxHTTP2, let nginx = front.part as? NginxFixture {
            let versions = Set(nginx.accessLog().map(\.version))
            #expect(versions == ["HTTP/2.0"])
        }
        try await browser.quit()
        try await daemon.stop()
    }

    // R: D11
    @Test(
        "a page survives a cut with nothing lost: what was written meanwhile arrives once, both ways",
        arguments: ChatFront.allCases)
    func cut(_ kind: ChatFront) async throws {
        let daemon = try await daemon()
        let front = try await kind.start(before: daemon)
        let cutter = try await TCPCutter(target: front.port)
        let far = try await join("\(front.scheme)://127.0.0.1:\(cutter.port)", as: "Far")
        let near = try await join(daemon.nginx.url(""), as: "Near")
        try await far.say("before")
        try await near.waitFor(["before"])
        try await cutter.refuse(true)
        try await cutter.cut()
        try await far.tab.waitUntil("document.documentElement.dataset.state === 'reconnecting'")
        for number in 1...3 { try await near.say("near \(number)") }
        for number in 1...3 { try await far.say("far \(number)") }
        try await near.waitFor(["before", "near 1", "near 2", "near 3"])
        try await Pace.idle(.seconds(flowIsLong ? 30 : 2))
        #expect(try await far.tab.run("return document.documentElement.dataset.state") == "reconnecting")
        try await cutter.refuse(false)
        let all = ["before", "near 1", "near 2", "near 3", "far 1", "far 2", "far 3"]
        try await far.waitFor(all)
        try await near.waitFor(all)
        #expect(try await far.tab.run("return document.querySelectorAll('.notice, .waits, .unsure').length") == "0")
        #expect(try await near.tab.run("return document.body.innerText.split('Far joined').length") == "1")
        withExtendedLifetime(front) {}
        try await browser.quit()
        try await daemon.stop()
    }

    // R: D12
    @Test(
        "after a restart of the server a page fetches what it missed, and says so",
        arguments: [ChatFront.nginx, .apache])
    func restart(_ kind: ChatFront) async throws {
        let daemon = try await daemon()
        let front = try await kind.start(before: daemon)
        let cutter = try await TCPCutter(target: front.port)
        let far = try await join("http://127.0.0.1:\(cutter.port)", as: "Far")
        let near = try await join(daemon.nginx.url(""), as: "Near")
        try await near.say("before")
        try await far.waitFor(["before"])
        try await cutter.refuse(true)
        try await cutter.cut()
        try await far.tab.waitUntil("document.documentElement.dataset.state === 'reconnecting'")
        try await daemon.killAndRestart()
        // It was there the whole time, and missed nothing.
        try await near.waitForNotice("The server was restarted. Nothing was missed.")
        try await near.say("missed 1")
        try await near.say("missed 2")
        try await near.waitFor(["before", "missed 1", "missed 2"])
        try await far.say("written while away")
        try await cutter.refuse(false)
        try await far.waitForNotice("The server was restarted. 2 missed messages were fetched.")
        for tab in [far, near] { try await tab.waitFor(["before", "missed 1", "missed 2", "written while away"]) }
        withExtendedLifetime(front) {}
        try await browser.quit()
        try await daemon.stop()
    }

    // R: D12
    @Test("where the history is gone with the server, the page says that messages may be missing")
    func restartWithoutHistory() async throws {
        let daemon = try await FlowDaemon(["--servlet", "room=chat"])
        let page = try await join(daemon.nginx.url(""), as: "Ada")
        try await page.say("before")
        try await page.waitFor(["before"])
        try await daemon.killAndRestart()
        try await page.waitForNotice("The server was restarted. You may have missed messages; none are shown.")
        try await page.say("after")
        try await page.waitFor(["before", "after"])
        try await browser.quit()
        try await daemon.stop()
    }

    // R: D6
    @Test("ten tabs talk: three keep a connection, the others poll, and take over when one of the three goes")
    func tenTabs() async throws {
        let daemon = try await daemon()
        var tabs: [ChatTab] = []
        for number in 1...10 { tabs.append(try await join(daemon.nginx.url(""), as: "Tab\(number)")) }
        func streaming() async throws -> Int {
            var count = 0
            for tab in tabs {
                let status = try await tab.tab.run("return document.getElementById('status').textContent")
                if status == "connected" { count += 1 }
            }
            return count
        }
        try await eventually("three tabs stream") { try await streaming() == 3 }
        for (index, tab) in tabs.enumerated() { try await tab.say("from \(index + 1)") }
        for tab in tabs { try await tab.waitForCount(10) }
        try await tabs.removeFirst().tab.close()
        try await eventually("another tab streams") { try await streaming() == 3 }
        for tab in tabs { try await tab.tab.waitUntil("document.body.innerText.includes('Tab1 left')") }
        try await browser.quit()
        try await daemon.stop()
    }

    // R: D6
    @Test("pages of another site are refused, unless they are configured")
    func foreignOrigin() async throws {
        let site = try await NginxFixture(NginxFixture.Options(mounts: []))
        let daemon = try await daemon(["--origin", "http://127.0.0.1:\(site.port)"])
        let talk = """
            const { connect } = await import("\(daemon.url("longwire.js"))");
            const session = await connect("\(daemon.url("echo"))");
            await session.send("from another site");
            for await (const message of session) { session.close(); return message; }
            """
        let allowed = try await browser.open("http://127.0.0.1:\(site.port)/")
        #expect(try await allowed.run(talk) == "from another site")
        let foreign = try await browser.open("http://localhost:\(site.port)/")
        #expect(try await foreign.run(talk).hasPrefix("threw TypeError"))
        // What needs no leave of ours to be sent is refused when it comes.
        let before = try await daemon.command("sessions").output
        let blind = """
            await fetch("\(daemon.url("echo"))", {
              method: "POST", mode: "no-cors", headers: { "Content-Type": "text/plain" }, body: "x" });
            return "sent";
            """
        #expect(try await foreign.run(blind) == "sent")
        try await eventually("the refusal is in the log") {
            daemon.nginx.accessLog().contains { $0.method == "POST" && $0.status == 403 }
        }
        #expect(try await daemon.command("sessions").output == before)
        try await browser.quit()
        try await daemon.stop()
        try await site.stop()
    }

    // R: D6
    @Test("it fits a phone, in light and in dark")
    func looks() async throws {
        let daemon = try await daemon()
        let ada = try await join(daemon.nginx.url(""), as: "Ada")
        let grace = try await join(daemon.nginx.url(""), as: "Grace")
        let said = [
            (ada, "Morning! Is the line to the station up again?"),
            (grace, "Since six. It was down for eleven minutes."),
            (grace, "Nothing got lost, I compared the numbers."),
            (ada, "Then I can stop keeping my own list :)"),
        ]
        for (index, (tab, words)) in said.enumerated() {
            try await tab.say(words)
            for other in [ada, grace] { try await other.waitFor(said.prefix(index + 1).map(\.1)) }
        }
        var pictures: [String] = []
        for isDark in [false, true] {
            try await ada.tab.emulate(width: 400, height: 640, isDark: isDark)
            let isNarrow = "return document.documentElement.scrollWidth <= innerWidth"
            #expect(try await ada.tab.run(isNarrow) == "true")
            let brightness = """
                const [red] = getComputedStyle(document.body).backgroundColor.match(/\\d+/g); return red < 128
                """
            #expect(try await ada.tab.run(brightness) == "\(isDark)")
            pictures.append(try await ada.tab.picture())
        }
        // Renews the picture in Docs, where that is asked for.
        if let path = ProcessInfo.processInfo.environment["LONGWIRE_PICTURE"] {
            let images = pictures.map { "<img src=data:image/png;base64,\($0)>" }.joined(separator: "&ensp;")
            let both = try await browser.open("about:blank")
            try await both.emulate(width: 816, height: 640, isDark: false)
            try await both.run("document.body.style = 'margin:0;display:flex'; document.body.innerHTML = '\(images)'")
            try await both.waitUntil("[...document.images].every((image) => image.complete)")
            try #require(Data(base64Encoded: try await both.picture())).write(to: URL(fileURLWithPath: path))
        }
        try await browser.quit()
        try await daemon.stop()
    }
}

/// A tab with the chat page.
struct ChatTab {
    let tab: ChromiumTab

    /// Writes and sends a message.
    func say(_ words: String) async throws {
        let json = String(decoding: try JSONEncoder().encode(words), as: UTF8.self)
        try await tab.run("text.value = \(json); document.getElementById('talk').requestSubmit()".global)
    }

    /// Waits until just these messages were said, in this order.
    func waitFor(
        _ messages: some Sequence<String>, fileID: String = #fileID, line: Int = #line
    ) async throws {
        let json = String(decoding: try JSONEncoder().encode(Array(messages)), as: UTF8.self)
        try await tab.waitUntil(
            "JSON.stringify([...document.querySelectorAll('.said:not(.waits) .text')].map((e) => e.textContent)) "
                + "=== JSON.stringify(\(json))", within: .seconds(60), fileID: fileID, line: line)
    }

    func waitForCount(_ count: Int, fileID: String = #fileID, line: Int = #line) async throws {
        try await tab.waitUntil(
            "document.querySelectorAll('.said:not(.waits)').length === \(count)", fileID: fileID, line: line)
    }

    func waitForNotice(_ words: String, fileID: String = #fileID, line: Int = #line) async throws {
        try await tab.waitUntil(
            "[...document.querySelectorAll('.notice')].some((e) => e.textContent === '\(words)')",
            within: .seconds(60), fileID: fileID, line: line)
    }
}

extension String {
    /// With the page's message field under the name that scripts use.
    fileprivate var global: String { "const text = document.getElementById('text'); " + self }
}
