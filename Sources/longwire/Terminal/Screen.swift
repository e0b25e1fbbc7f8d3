internal import CLibedit
internal import Foundation

/// The terminal: arrived text above, then the status row, then the line being typed, edited by libedit.
///
/// It lives on one thread, which nobody else's work blocks; everything of libedit is called there. libedit asks for
/// the next character, and while there is none this waits for the keyboard and for ``ScreenInbox`` alike.
final class Screen {
    /// What the person did.
    enum Typed: Sendable {
        /// A line; one of several that were pasted is no command.
        case line(String, isPasted: Bool)
        /// Ctrl-D on an empty line.
        case endOfLine
        /// The terminal went away.
        case hungUp
    }

    /// What it needs of others, and how it shall look.
    struct Setup: Sendable {
        let inbox: ScreenInbox
        /// Told what the person did, on the screen's thread.
        let typed: @Sendable (Typed) -> Void
        /// Whether no more should be typed for now; ``ScreenInbox/Event/room`` says when that is over.
        let isFull: @Sendable () -> Bool
        let isColoured: Bool
        /// Whether typed lines are remembered at all.
        let remembers: Bool
        let history: HistoryFile?
    }

    let setup: Setup
    var editor: OpaquePointer?
    var keyboard = Keyboard()
    var status = (text: "", isAlarming: false)
    var columns = 80
    var rows = 24
    /// Whether status row and line are on the screen, with the cursor in the line.
    var isDrawn = false
    /// Whether the status row is on the screen, above the line.
    var hasStatusRow = false
    /// How many columns the status row on the screen takes.
    var statusColumns = 0
    private var history: TypedHistory?
    private var isStopping = false

    init(_ setup: Setup) { self.setup = setup }

    // MARK: The thread

    /// Runs until ``ScreenInbox/Event/stop``.
    func run() {
        // libedit keeps the address while the editor is open, which is not longer than this call.
        let context = Unmanaged.passUnretained(self).toOpaque()
        let opened = longwire_editor_open("longwire", context) { editor, character in
            guard let character, let screen = Screen.of(editor) else { return -1 }
            return screen.readCharacter(into: character)
        }
        guard let opened else {
            setup.typed(.hungUp)
            return waitForStop()
        }
        editor = opened
        longwire_editor_bind(
            opened, { editor, _ in Screen.of(editor)?.complete() ?? UInt8(CC_ERROR) },
            { editor, _ in Screen.of(editor)?.paste() ?? UInt8(CC_ERROR) },
            { editor, _ in Screen.of(editor)?.clear() ?? UInt8(CC_ERROR) })
        if setup.remembers {
            history = TypedHistory(editor: opened, file: setup.history) { [inbox = setup.inbox] why in
                inbox.post(.text(ScreenText(text: "longwire: " + Printable.line(why), style: .notice)))
            }
        }
        TerminalModes.markPastes(true)
        measure()
        while !isStopping { readLine(opened) }
        TerminalModes.markPastes(false)
        el_end(opened)
        history?.close()
        editor = nil
    }

    private static func of(_ editor: OpaquePointer?) -> Screen? {
        longwire_editor_context(editor).map { Unmanaged<Screen>.fromOpaque($0).takeUnretainedValue() }
    }

    private func readLine(_ editor: OpaquePointer) {
        drawStatusRow()
        var count: Int32 = 0
        let line = el_wgets(editor, &count)
        if isStopping { return }
        if let line, count > 0 {
            entered(Array(UnsafeBufferPointer(start: line, count: Int(count))))
        } else if count == 0 {
            erase(rowsAbove: 0)
            setup.typed(.endOfLine)
        } else if !keyboard.isOpen {
            setup.typed(.hungUp)
            waitForStop()
        }
    }

    private func entered(_ typed: [wchar_t]) {
        var line = typed
        while let last = line.last, last == 0x0a || last == 0x0d { line.removeLast() }
        // Enter has moved the cursor to the row below the line.
        erase(rowsAbove: LineLayout.row(of: line, columns: columns) + 1)
        // What was pasted may have several lines: each is a message, and shown as one.
        let lines = Self.string(line).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        for text in lines {
            put(ScreenText(text: "> " + Printable.line(text), style: .own))
            history?.add(text)
        }
        for text in lines { setup.typed(.line(text, isPasted: lines.count > 1)) }
    }

    private func waitForStop() {
        while !isStopping {
            var entry = pollfd(fd: setup.inbox.alarm, events: Int16(POLLIN), revents: 0)
            _ = poll(&entry, 1, -1)
            isStopping = setup.inbox.drain().contains(.stop)
        }
    }

    // MARK: Called by libedit

    /// The next character, as libedit wants it: 1 with a character, 0 at the end.
    private func readCharacter(into character: UnsafeMutablePointer<wchar_t>) -> Int32 {
        isDrawn = true
        while true {
            if isStopping || !keyboard.isOpen { return 0 }
            let mayRead = !setup.isFull()
            if mayRead, let next = keyboard.next() {
                character.pointee = next
                return 1
            }
            var entries = [
                // A negative descriptor is not looked at.
                pollfd(fd: mayRead ? STDIN_FILENO : -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: setup.inbox.alarm, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&entries, 2, -1) > 0 else { continue }
            if entries[1].revents != 0 { act(on: setup.inbox.drain()) }
            if entries[0].revents != 0, !isStopping { keyboard.fill(from: STDIN_FILENO) }
        }
    }

    // MARK: Events

    private func act(on events: [ScreenInbox.Event]) {
        var texts: [ScreenText] = []
        var isDirty = false
        var isStatusNew = false
        for event in events {
            switch event {
            case .text(let text): texts.append(text)
            case .status(let text, let isAlarming):
                isStatusNew = isStatusNew || (text, isAlarming) != status
                status = (text, isAlarming)
            case .room: break
            case .resized:
                measure()
                isDirty = true
            case .suspended:
                show(&texts)
                isStatusNew = false
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
        } else if isStatusNew {
            if hasStatusRow { replaceStatusRow() } else { redraw() }
        }
    }

    private func show(_ texts: inout [ScreenText]) {
        guard !texts.isEmpty else { return }
        erase()
        for text in texts { put(text) }
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
        TerminalModes.markPastes(true)
        measure()
    }

    private func finishScreen() {
        let text = typedText.text
        erase()
        guard !text.isEmpty else { return }
        put(ScreenText(text: "longwire: not sent: " + Printable.lines(Self.string(text)), style: .notice))
    }

    static func string(_ characters: some Sequence<wchar_t>) -> String {
        var text = ""
        for character in characters {
            text.unicodeScalars.append(Unicode.Scalar(UInt32(bitPattern: character)) ?? "\u{fffd}")
        }
        return text
    }
}
