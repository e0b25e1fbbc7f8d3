internal import CLibedit
internal import Foundation

/// What is where on the terminal; on the screen's thread.
extension Screen {
    func measure() {
        var size = winsize()
        if ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 {
            (columns, rows) = (Int(size.ws_col), Int(size.ws_row))
        }
        if let editor { el_resize(editor) }
    }

    /// What is being typed, and the part of it before the cursor.
    var typedText: (text: ArraySlice<wchar_t>, before: ArraySlice<wchar_t>) {
        guard let editor, let info = el_wline(editor)?.pointee, let buffer = info.buffer, let cursor = info.cursor,
            let last = info.lastchar
        else { return ([], []) }
        let text = Array(UnsafeBufferPointer(start: buffer, count: last - buffer))
        return (text[...], text.prefix(cursor - buffer))
    }

    /// Clears status row and line; the cursor is where the status row began.
    func erase() {
        guard isDrawn else { return }
        erase(rowsAbove: LineLayout.row(of: typedText.before, columns: columns))
    }

    /// Clears everything from the status row on, the cursor being so many rows below the prompt's.
    func erase(rowsAbove: Int) {
        var up = rowsAbove
        // A terminal that became narrower has broken the status row into several.
        if hasStatusRow { up += (statusColumns + columns - 1) / columns }
        up = min(up, rows - 1)
        // The first row by itself: some terminals keep what is cleared from the top of the screen in their history.
        put("\r" + (up > 0 ? "\u{1b}[\(up)A" : "") + "\u{1b}[K\u{1b}7\u{1b}[1B\u{1b}[J\u{1b}8")
        isDrawn = false
        hasStatusRow = false
    }

    func redraw() {
        erase()
        draw()
    }

    func draw() {
        drawStatusRow()
        if let editor { longwire_editor_draw(editor) }
        isDrawn = true
    }

    func drawStatusRow() {
        guard !hasStatusRow, let row = statusRow() else { return }
        put(row + "\r\n")
        hasStatusRow = true
    }

    /// Draws the status row anew and leaves the line alone.
    func replaceStatusRow() {
        let up = LineLayout.row(of: typedText.before, columns: columns) + 1
        guard isDrawn, up < rows, let row = statusRow() else { return }
        put("\u{1b}7\r\u{1b}[\(up)A\u{1b}[2K" + row + "\u{1b}8")
    }

    /// The status row, cut to fit; nil where there is no room for one.
    private func statusRow() -> String? {
        guard !status.text.isEmpty, columns >= 16, rows >= 4 else { return nil }
        var text = ""
        var used = 0
        for scalar in status.text.unicodeScalars {
            let width = Int(longwire_character_columns(wchar_t(bitPattern: scalar.value)))
            guard used + width < columns else { break }
            text.unicodeScalars.append(scalar)
            used += width
        }
        statusColumns = used
        guard setup.isColoured else { return text }
        return (status.isAlarming ? "\u{1b}[33m" : "\u{1b}[2m") + text + "\u{1b}[m"
    }

    /// Writes lines of text; the cursor is at the beginning of a row that is free.
    func put(_ text: ScreenText) { put(text.rendered(isColoured: setup.isColoured) + "\r\n") }

    func put(_ text: String) { Descriptor.write(text.utf8, to: STDOUT_FILENO) }
}
