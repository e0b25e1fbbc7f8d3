internal import CLibedit
internal import Foundation

/// What our own keys do; called by libedit, on the screen's thread.
extension Screen {
    /// Tab.
    func complete() -> UInt8 {
        guard let completion = Completion(Self.string(typedText.before)) else { return UInt8(CC_NORM) }
        if !completion.insertion.isEmpty { return insert(completion.insertion) }
        guard !completion.choices.isEmpty else { return UInt8(CC_ERROR) }
        erase()
        put(ScreenText(text: completion.listing(columns: columns), style: .trace))
        draw()
        return UInt8(CC_NORM)
    }

    /// ``Keyboard/pasteKey``: several lines stand in the line being typed, as rows of it, until Enter.
    func paste() -> UInt8 {
        let paste = keyboard.takePaste()
        if paste.isTooLong {
            notice(
                "what was pasted has more than \(StatusText.size(Keyboard.pasteLimit)) and was left out; "
                    + "/send FILE sends a file")
        }
        if paste.leftOut > 0 {
            notice(
                paste.leftOut == 1
                    ? "a pasted control character was left out" : "pasted control characters were left out")
        }
        return paste.text.isEmpty ? UInt8(CC_NORM) : insert(paste.text)
    }

    /// Ctrl-L.
    func clear() -> UInt8 {
        put("\u{1b}[H\u{1b}[2J")
        isDrawn = false
        hasStatusRow = false
        draw()
        return UInt8(CC_NORM)
    }

    private func insert(_ text: String) -> UInt8 {
        guard let editor else { return UInt8(CC_ERROR) }
        let characters = text.unicodeScalars.map { wchar_t(bitPattern: $0.value) } + [0]
        return longwire_editor_insert(editor, characters) == 0 ? UInt8(CC_REFRESH) : UInt8(CC_ERROR)
    }

    private func notice(_ sentence: String) {
        setup.inbox.post(.text(ScreenText(text: "longwire: " + sentence, style: .notice)))
    }
}
