/// The paths of a session, in the order of their coming: nearly always one, which lies in place.
///
/// Of several, the one that was asked for last lies there, so that each is looked at and changed where it is, at no
/// more cost than if it were the only one; its own place among ``others`` is empty meanwhile.
struct PathList {
    private var inPlace = Path.none
    /// None where there are less than two.
    private var others: [Path] = []
    /// The index of what lies in place.
    @FourBytes private var index = 0
    private(set) var isEmpty = true

    var count: Int { isEmpty ? 0 : max(others.count, 1) }
    var indices: Range<Int> { 0..<count }

    subscript(index: Int) -> Path {
        @inline(__always)
        mutating _read {
            if index != self.index { bring(index) }
            yield inPlace
        }
        @inline(__always)
        _modify {
            if index != self.index { bring(index) }
            yield &inPlace
        }
    }

    @inline(never)
    private mutating func bring(_ index: Int) {
        swap(&inPlace, &others[self.index])
        swap(&inPlace, &others[index])
        self.index = index
    }

    mutating func append(_ path: Path) {
        if isEmpty {
            inPlace = path
            isEmpty = false
        } else {
            if others.isEmpty { others = [.none] }
            others.append(path)
        }
    }

    mutating func remove(at index: Int) -> Path {
        let path = self[index]
        inPlace = .none
        if !others.isEmpty { others.remove(at: index) }
        self.index = 0
        if others.isEmpty { isEmpty = true } else { swap(&inPlace, &others[0]) }
        if others.count == 1 { others = [] }
        return path
    }

    // MARK: Looking for one

    /// A copy of all of them, for whoever is in no hurry.
    var all: [Path] { indices.map { $0 == index ? inPlace : others[$0] } }

    func firstIndex(where isMeant: (Path) -> Bool) -> Int? {
        if others.isEmpty { return !isEmpty && isMeant(inPlace) ? index : nil }
        return others.indices.first { isMeant($0 == index ? inPlace : others[$0]) }
    }

    /// The one with this number, which is above 0.
    @inline(__always)
    func index(of number: UInt64) -> Int? {
        if inPlace.number == number, !isEmpty { return index }
        return others.isEmpty || number == 0 ? nil : others.firstIndex { $0.number == number }
    }

    @inline(__always)
    var usedIndex: Int? {
        if inPlace.phase == .used { return index }
        return others.isEmpty ? nil : others.firstIndex { $0.phase == .used }
    }
}
