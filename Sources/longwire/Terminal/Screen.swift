internal import CLibedit
internal import Foundation

/// The terminal: arrived text above, then the status row, then the line being typed, edited by libedit.
///
/// It lives on one thread, which nobody else's work blocks; everything of libedit is called there. libedit asks for
/// the next character, and while there is none this waits for the keyboard and for ``ScreenInbox`` alike.
final class Screen {
    /// What the person did.
    enum Typed: Sendable {
        case line(String)
        /// Ctrl-D on an empty line.
        case endOfLine
        /// The terminal went away.
        case hungUp
    }

    private let inbox: ScreenInbox
    private let typing: AsyncStream<Typed>.Continuation
    private let isColoured: Bool
    private var editor: OpaquePointer?
    private var keyboard = Keyboard()
    private var status = ""
    private var columns = 80
    private var rows = 24
    /// Whether status row and line are on the screen, with the cursor in the line.
    private var isDrawn = false
    /// Whether the status row is on the screen, above the line.
    private var hasStatusRow = false
    private var isStopping = false
    private var unsent = ""

    init(inbox: ScreenInbox, typing: AsyncStream<Typed>.Continuation) {
        self.inbox = inbox
        self.typing = typing
        let noColor = ProcessInfo.processInfo.environment["NO_COLOR"] ?? ""
        isColoured = noColor.isEmpty
    }

    // MARK: The thread

    /// Runs until ``ScreenInbox/Event/stop``.
    func run() {
        // libedit keeps the address while the editor is open, which is not longer than this call.
        let context = Unmanaged.passUnretained(self).toOpaque()
        let opened = longwire_editor_open("longwire", context) { editor, character in
            guard let character, let context = longwire_editor_context(editor) else { return -1 }
            return Unmanaged<Screen>.fromOpaque(context).takeUnretainedValue().readCharacter(into: character)
        }
        guard let opened else { return typing.finish() }
        editor = opened
        let history = longwire_history_open(opened, 1000)
        measure()
        while !isStopping {
            drawStatusRow()
            var count: Int32 = 0
            let line = el_wgets(opened, &count)
            if isStopping { break }
            if let line, count > 0 {
                entered(Array(UnsafeBufferPointer(start: line, count: Int(count))), history: history)
            } else if count == 0 {
                erase(rowsAbove: 0)
                typing.yield(.endOfLine)
            } else if !keyboard.isOpen {
                typing.yield(.hungUp)
                waitForStop()
            }
        }
        el_end(opened)
        if let history { history_wend(history) }
        editor = nil
        typing.finish()
    }

    private func entered(_ typed: [wchar_t], history: OpaquePointer?) {
        var line = typed
        while let last = line.last, last == 0x0a || last == 0x0d { line.removeLast() }
        // Enter has moved the cursor to the row below the line.
        erase(rowsAbove: LineLayout.row(of: line, columns: columns) + 1)
        let text = Self.string(line)
        put("> " + Printable.line(text) + "\r\n")
        if let history, !text.isEmpty { longwire_history_add(history, line + [0]) }
        typing.yield(.line(text))
    }

    private func waitForStop() {
        while !isStopping {
            var entry = pollfd(fd: inbox.alarm, events: Int16(POLLIN), revents: 0)
            _ = poll(&entry, 1, -1)
            isStopping = inbox.drain().contains(.stop)
        }
    }

    // MARK: Called by libedit

    /// The next character, as libedit wants it: 1 with a character, 0 at the end.
    private func readCharacter(into character: UnsafeMutablePointer<wchar_t>) -> Int32 {
        isDrawn = true
        while true {
            if isStopping || !keyboard.isOpen { return 0 }
            if let next = keyboard.next() {
                character.pointee = next
                return 1
            }
            var entries = [
                pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0),
                pollfd(fd: inbox.alarm, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&entries, 2, -1) > 0 else { continue }
            if entries[1].revents != 0 { act(on: inbox.drain()) }
            if entries[0].revents != 0, !isStopping { keyboard.fill(from: STDIN_FILENO) }
        }
    }

    // MARK: Events

    private func act(on events: [ScreenInbox.Event]) {
        var texts: [String] = []
        var isDirty = false
        var oldStatus = status
        for event in events {
            switch event {
            case .text(let text): texts.append(text)
            case .status(let text): status = text
            case .resized:
                measure()
                isDirty = true
            case .suspended:
                show(&texts)
                oldStatus = status
                suspend()
            case .continued:
                continueEditing()
                isDirty = true
            case .stop: isStopping = true
            }
        }
        if isStopping {
            show(&texts)
            return finishScreen()
        }
        if isDirty || !texts.isEmpty {
            erase()
            show(&texts)
            draw()
        } else if status != oldStatus {
            if hasStatusRow { replaceStatusRow() } else { redraw() }
        }
    }

    private func show(_ texts: inout [String]) {
        guard !texts.isEmpty else { return }
        erase()
        // The terminal is in a mode that needs no carriage return, but other programs may have changed it.
        put(texts.map { $0.replacing("\n", with: "\r\n") + "\r\n" }.joined())
        texts = []
    }

    private func suspend() {
        erase()
        if let editor { longwire_editor_modes(editor, 0) }
        TerminalModes.restore()
        kill(getpid(), SIGSTOP)
    }

    private func continueEditing() {
        // Somebody else had the terminal: what is on it is theirs, and its modes are to be set anew.
        isDrawn = false
        hasStatusRow = false
        if let editor {
            longwire_editor_modes(editor, 0)
            longwire_editor_modes(editor, 1)
        }
        measure()
    }

    private func finishScreen() {
        let text = typedText.text
        erase()
        if !text.isEmpty { put("longwire: not sent: " + Printable.line(Self.string(text)) + "\r\n") }
    }

    // MARK: Drawing

    private func measure() {
        var size = winsize()
        if ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 {
            (columns, rows) = (Int(size.ws_col), Int(size.ws_row))
        }
        if let editor { el_resize(editor) }
    }

    /// What is being typed, and the part of it before the cursor.
    private var typedText: (text: ArraySlice<wchar_t>, before: ArraySlice<wchar_t>) {
        guard let editor, let info = el_wline(editor)?.pointee, let buffer = info.buffer, let cursor = info.cursor,
            let last = info.lastchar
        else { return ([], []) }
        let text = Array(UnsafeBufferPointer(start: buffer, count: last - buffer))
        return (text[...], text.prefix(cursor - buffer))
    }

    /// Clears status row and line; the cursor is where the status row began.
    private func erase() {
        guard isDrawn else { return }
        erase(rowsAbove: LineLayout.row(of: typedText.before, columns: columns))
    }

    /// Clears everything from the status row on, the cursor being so many rows below the prompt's.
    private func erase(rowsAbove: Int) {
        var up = rowsAbove
        // A terminal that became narrower has broken the status row into several.
        if hasStatusRow { up += (statusColumns + columns - 1) / columns }
        up = min(up, rows - 1)
        put("\r" + (up > 0 ? "\u{1b}[\(up)A" : "") + "\u{1b}[J")
        isDrawn = false
        hasStatusRow = false
    }

    private func redraw() {
        erase()
        draw()
    }

    private func draw() {
        drawStatusRow()
        if let editor { longwire_editor_draw(editor) }
        isDrawn = true
    }

    private func drawStatusRow() {
        guard !hasStatusRow, let row = statusRow() else { return }
        put(row + "\r\n")
        hasStatusRow = true
    }

    /// Draws the status row anew and leaves the line alone.
    private func replaceStatusRow() {
        let up = LineLayout.row(of: typedText.before, columns: columns) + 1
        guard isDrawn, up < rows, let row = statusRow() else { return }
        put("\u{1b}7\r\u{1b}[\(up)A\u{1b}[2K" + row + "\u{1b}8")
    }

    /// How many columns the status row on the screen takes.
    private var statusColumns = 0

    /// The status row, cut to fit; nil where there is no room for one.
    private func statusRow() -> String? {
        guard !status.isEmpty, columns >= 16, rows >= 4 else { return nil }
        var text = ""
        var used = 0
        for scalar in status.unicodeScalars {
            let width = Int(longwire_character_columns(wchar_t(bitPattern: scalar.value)))
            guard used + width < columns else { break }
            text.unicodeScalars.append(scalar)
            used += width
        }
        statusColumns = used
        return isColoured ? "\u{1b}[2m\(text)\u{1b}[m" : text
    }

    private func put(_ text: String) { Descriptor.write(text.utf8, to: STDOUT_FILENO) }

    private static func string(_ characters: some Sequence<wchar_t>) -> String {
        var text = ""
        for character in characters {
            text.unicodeScalars.append(Unicode.Scalar(UInt32(bitPattern: character)) ?? "\u{fffd}")
        }
        return text
    }
}
