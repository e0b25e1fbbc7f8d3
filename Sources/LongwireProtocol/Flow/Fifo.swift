/// A queue that hands its elements over without a copy, and takes no memory before its first one.
struct Fifo<Element> {
    private var elements: [Element?] = []
    /// Where the oldest lies; what lay before it has been handed over.
    private var head = 0

    var isEmpty: Bool { head == elements.count }
    var count: Int { elements.count - head }
    var first: Element? { isEmpty ? nil : elements[head] }
    var last: Element? { elements.last ?? nil }

    mutating func append(_ element: consuming Element) { elements.append(element) }

    mutating func popFirst() -> Element? {
        guard head < elements.count else { return nil }
        let element = elements[head].take()
        head += 1
        if head == elements.count {
            elements.removeAll(keepingCapacity: true)
            head = 0
        } else if head >= 64, head * 2 >= elements.count {
            // Where it is never empty it must not grow.
            elements.removeFirst(head)
            head = 0
        }
        return element
    }

    mutating func removeLast() {
        guard !isEmpty else { return }
        elements.removeLast()
        guard head == elements.count else { return }
        elements.removeAll(keepingCapacity: true)
        head = 0
    }

    /// Shows the newest `count` elements to `body`, oldest first, to be changed in place.
    mutating func updateLast(_ count: Int, _ body: (inout Element) -> Void) {
        for index in max(head, elements.count - count)..<elements.count {
            guard var element = elements[index].take() else { continue }
            body(&element)
            elements[index] = element
        }
    }

    /// Lets go of memory that nothing is in.
    mutating func rest() {
        if isEmpty, elements.capacity > 0 { elements = [] }
    }
}

extension Fifo {
    func reduce<Result>(_ start: Result, _ body: (Result, Element) -> Result) -> Result {
        elements.reduce(start) { sum, element in element.map { body(sum, $0) } ?? sum }
    }
}
