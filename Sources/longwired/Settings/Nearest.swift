/// The known word that somebody probably meant.
enum Nearest {
    /// A key in the file: the nearest one beside it, or the one of this name elsewhere.
    static func hint(_ word: String, among known: [String], elsewhere: [String] = []) -> String {
        if let place = elsewhere.first(where: { $0.hasSuffix("." + word) || $0 == word }) {
            return "did you mean \(place)?"
        }
        if let near = Self.word(word, among: known) { return "did you mean \(near)?" }
        return "known here: \(known.joined(separator: ", "))"
    }

    /// The word of `known` that takes the fewest changes, where these are few.
    static func word(_ word: String, among known: [String]) -> String? {
        let distances = known.map { (word: $0, changes: changes(word.lowercased(), $0.lowercased())) }
        guard let best = distances.min(by: { $0.changes < $1.changes }) else { return nil }
        return best.changes <= max(1, best.word.count / 3) ? best.word : nil
    }

    /// How many letters are to be put in, left out or changed (Levenshtein).
    static func changes(_ left: String, _ right: String) -> Int {
        let (left, right) = (Array(left.prefix(100)), Array(right.prefix(100)))
        var row = Array(0...right.count)
        for (index, letter) in left.enumerated() {
            var before = row[0]
            row[0] = index + 1
            for (column, other) in right.enumerated() {
                let next = letter == other ? before : 1 + min(before, row[column], row[column + 1])
                before = row[column + 1]
                row[column + 1] = next
            }
        }
        return row[right.count]
    }
}
