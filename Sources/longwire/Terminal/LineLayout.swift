internal import CLibedit

/// Which rows the prompt and the typed text take: the same reckoning as libedit's, which wraps at the last column and
/// moves a wide character that does not fit into the next row.
struct LineLayout {
    private let columns: Int
    private(set) var row = 0
    private(set) var column = 0

    init(columns: Int) { self.columns = max(columns, 2) }

    mutating func add(columns width: Int) {
        // What libedit spells out in several columns may be split between rows, a wide character may not.
        if width == 2, column + 2 > columns { nextRow() }
        column += width
        while column >= columns {
            row += 1
            column -= columns
        }
    }

    mutating func add(_ character: wchar_t) {
        switch character {
        case 0x0a: nextRow()
        case 0x09: repeat { add(columns: 1) } while column % 8 != 0
        default: add(columns: Int(longwire_character_columns(character)))
        }
    }

    private mutating func nextRow() {
        row += 1
        column = 0
    }

    /// The row of a place in the line `> text`, counted from the prompt's.
    static func row(of text: some Sequence<wchar_t>, columns: Int) -> Int {
        var layout = LineLayout(columns: columns)
        layout.add(columns: 1)
        layout.add(columns: 1)
        for character in text { layout.add(character) }
        return layout.row
    }
}
