/// Text for above the line being typed.
struct ScreenText: Sendable, Equatable {
    enum Style: Sendable {
        /// What the server says.
        case arrived
        /// What was typed here and has been entered.
        case own
        /// What the program itself says.
        case notice
        /// Frames, and other things that are many.
        case trace
    }

    /// A line, or several; safe to show.
    var text: String
    var style: Style
    /// When it came, for those who want to see that.
    var time = ""

    /// What is written to the terminal.
    func rendered(isColoured: Bool) -> String {
        // The terminal is in a mode that needs no carriage return, but other programs may have changed it.
        let text = text.replacing("\n", with: "\r\n")
        guard isColoured else { return time.isEmpty ? text : time + " " + text }
        let before = time.isEmpty ? "" : "\u{1b}[2m\(time)\u{1b}[m "
        switch style {
        case .arrived: return before + text
        case .own, .trace: return before + "\u{1b}[2m\(text)\u{1b}[m"
        case .notice: return before + "\u{1b}[33m\(text)\u{1b}[m"
        }
    }
}
