/// A queue that hands its elements over without a copy, and takes no memory before its first one.
///
/// A ring: where elements come and go, nothing is moved and nothing is cleared but the place of each.
struct Fifo<Element> {
    /// Their number is a power of two, or there are none.
    private var places: [Element?] = []
    /// Where the oldest lies.
    @FourBytes private var head = 0
    @FourBytes private(set) var count = 0

    /// Most sessions hand over one message at a time.
    private static var leastPlaces: Int { 1 }

    var isEmpty: Bool { count == 0 }
    var first: Element? { isEmpty ? nil : places[head] }
    var last: Element? { isEmpty ? nil : places[place(count - 1)] }

    private func place(_ index: Int) -> Int { (head + index) & (places.count - 1) }

    mutating func append(_ element: consuming Element) {
        if count == places.count { grow() }
        places[place(count)] = element
        count += 1
    }

    private mutating func grow() {
        let size = max(places.count * 2, Self.leastPlaces)
        var grown: [Element?] = []
        grown.reserveCapacity(size)
        for index in 0..<count { grown.append(places[place(index)].take()) }
        while grown.count < size { grown.append(nil) }
        places = grown
        head = 0
    }

    mutating func popFirst() -> Element? {
        guard count > 0 else { return nil }
        let element = places[head].take()
        count -= 1
        head = place(1)
        return element
    }

    mutating func removeLast() {
        guard count > 0 else { return }
        places[place(count - 1)] = nil
        count -= 1
    }

    /// Shows the newest `count` elements to `body`, oldest first, to be changed in place.
    mutating func updateLast(_ count: Int, _ body: (inout Element) -> Void) {
        for index in max(0, self.count - count)..<self.count {
            let place = place(index)
            guard var element = places[place].take() else { continue }
            body(&element)
            places[place] = element
        }
    }

    /// Lets go of memory that nothing is in.
    mutating func rest() {
        if isEmpty, !places.isEmpty { self = Fifo() }
    }
}

extension Fifo {
    func reduce<Result>(_ start: Result, _ body: (Result, Element) -> Result) -> Result {
        (0..<count).reduce(start) { sum, index in places[place(index)].map { body(sum, $0) } ?? sum }
    }
}
