import Foundation

/// A real Chromium without a window, driven over WebDriver; one test uses it at a time.
///
/// It trusts every certificate: what is shown with it is not TLS.
package final class Chromium: Sendable {
    private let driver: ManagedProcess
    private let folder: TemporaryFolder
    private let service: String
    private let session: String

    /// Starts the driver and a browser with a profile of its own.
    package init() async throws {
        folder = try TemporaryFolder()
        let port = try FreePort.next()
        service = "http://127.0.0.1:\(port)"
        driver = try ManagedProcess("chromedriver", ["--port=\(port)", "--log-level=WARNING"])
        try await eventually(within: .seconds(60), "chromedriver accepts connections") { Probe.accepts(port: port) }
        let options: [String: Any] = [
            "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                "--ignore-certificate-errors",
                "--user-data-dir=\(folder.path("profile"))", "--window-size=900,700",
            ]
        ]
        let answer = try await Self.call(
            "POST", service + "/session",
            [
                "capabilities": [
                    "alwaysMatch": ["goog:chromeOptions": options, "goog:loggingPrefs": ["browser": "ALL"]]
                ]
            ])
        guard let value = answer as? [String: Any], let identifier = value["sessionId"] as? String else {
            throw TimedOut(description: "chromedriver gave no session: \(answer)\n\(driver.report)")
        }
        session = service + "/session/" + identifier
    }

    /// Closes the browser; without it, dropping the object kills the driver's processes.
    package func quit() async throws {
        _ = try await Self.call("DELETE", session, nil)
        driver.stop()
    }

    /// Opens a tab with a page.
    package func open(_ url: String) async throws -> ChromiumTab {
        let answer = try await command("POST", "/window/new", ["type": "tab"])
        guard let handle = (answer as? [String: Any])?["handle"] as? String else {
            throw TimedOut(description: "no tab: \(answer)")
        }
        let tab = ChromiumTab(browser: self, handle: handle)
        _ = try await command("POST", "/window", ["handle": handle])
        _ = try await command("POST", "/url", ["url": url])
        return tab
    }

    @discardableResult
    func command(_ method: String, _ path: String, _ body: [String: Any]? = nil) async throws -> Any {
        try await Self.call(method, session + path, body)
    }

    private static func call(_ method: String, _ url: String, _ body: [String: Any]?) async throws -> Any {
        var arguments = ["-sS", "-m", "120", "-X", method, "-H", "Content-Type: application/json", url]
        var input = ""
        if let body {
            input = String(decoding: try JSONSerialization.data(withJSONObject: body), as: UTF8.self)
            arguments += ["--data-binary", "@-"]
        }
        let result = try await ManagedProcess.run("curl", arguments, input: input, within: .seconds(130))
        let answer = try? JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
        let value = answer?["value"] ?? NSNull()
        if let problem = value as? [String: Any], let error = problem["error"] as? String {
            throw TimedOut(description: "\(method) \(url): \(error): \(problem["message"] ?? "")")
        }
        guard answer != nil else { throw TimedOut(description: "\(method) \(url): \(result.output)\(result.errors)") }
        return value
    }
}

/// One tab of a ``Chromium``.
package struct ChromiumTab: Sendable {
    let browser: Chromium
    let handle: String

    private func choose() async throws { try await browser.command("POST", "/window", ["handle": handle]) }

    /// Runs JavaScript in the page, waits for what it returns where that is a promise, and gives it as text.
    @discardableResult
    package func run(_ script: String) async throws -> String {
        try await choose()
        let wrapped = "return (async () => { \(script) })().then(String, (error) => `threw ${error}`)"
        let value = try await browser.command("POST", "/execute/sync", ["script": wrapped, "args": [String]()])
        return value as? String ?? "\(value)"
    }

    /// Waits until an expression of JavaScript is true.
    package func waitUntil(
        _ expression: String, within limit: Duration = .seconds(30), fileID: String = #fileID, line: Int = #line
    ) async throws {
        do {
            try await eventually(within: limit, expression, fileID: fileID, line: line) {
                try await run("return Boolean(\(expression))") == "true"
            }
        } catch let error as TimedOut {
            let text = try await run("return document.documentElement.dataset.state + ': ' + document.body.innerText")
            throw TimedOut(description: "\(error.description)\nthe page shows \(text)\n\(try await log())")
        }
    }

    /// Types on the keyboard, into what has the focus; `\u{E007}` is Enter, `\u{E008}` Shift until the end.
    package func type(_ keys: String) async throws {
        try await choose()
        let actions = keys.flatMap { key in
            [["type": "keyDown", "value": String(key)], ["type": "keyUp", "value": String(key)]]
        }
        try await browser.command(
            "POST", "/actions", ["actions": [["type": "key", "id": "keyboard", "actions": actions]]])
    }

    /// Enter while Shift is held.
    package func typeShiftEnter() async throws {
        try await choose()
        let actions = [
            ["type": "keyDown", "value": "\u{E008}"], ["type": "keyDown", "value": "\u{E007}"],
            ["type": "keyUp", "value": "\u{E007}"], ["type": "keyUp", "value": "\u{E008}"],
        ]
        try await browser.command(
            "POST", "/actions", ["actions": [["type": "key", "id": "keyboard", "actions": actions]]])
    }

    /// Shows the page as on a screen of this size, light or dark.
    package func emulate(width: Int, height: Int, isDark: Bool) async throws {
        try await choose()
        try await browser.command(
            "POST", "/goog/cdp/execute",
            [
                "cmd": "Emulation.setDeviceMetricsOverride",
                "params": ["width": width, "height": height, "deviceScaleFactor": 1, "mobile": false],
            ])
        try await browser.command(
            "POST", "/goog/cdp/execute",
            [
                "cmd": "Emulation.setEmulatedMedia",
                "params": [
                    "features": [["name": "prefers-color-scheme", "value": isDark ? "dark" : "light"]]
                ],
            ])
    }

    /// What is seen, as a PNG in base64.
    package func picture() async throws -> String {
        try await choose()
        return try await browser.command("GET", "/screenshot") as? String ?? ""
    }

    /// What the browser complained about since it was last asked, a line each.
    package func log() async throws -> String {
        try await choose()
        let entries = try await browser.command("POST", "/se/log", ["type": "browser"]) as? [[String: Any]] ?? []
        return entries.map { "\($0["level"] ?? ""): \($0["message"] ?? "")" }.joined(separator: "\n")
    }

    /// Closes the tab, as a person does.
    package func close() async throws {
        try await choose()
        try await browser.command("DELETE", "/window")
    }
}
