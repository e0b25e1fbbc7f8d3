/// The carriers of a session's paths, in the order of their coming: mostly one, which lies in place.
package struct CarrierList {
    package typealias Element = (path: UInt64, carrier: any PathCarrier)

    private var first: Element?
    private var others: [Element] = []

    package var isEmpty: Bool { first == nil }
    var count: Int { first == nil ? 0 : 1 + others.count }
    /// All of them, for whoever is in no hurry.
    package var all: [Element] { first.map { [$0] + others } ?? [] }

    package subscript(path: UInt64) -> (any PathCarrier)? {
        if let first, first.path == path { return first.carrier }
        return others.first { $0.path == path }?.carrier
    }

    mutating func append(_ carrier: any PathCarrier, for path: UInt64) {
        if first == nil { first = (path, carrier) } else { others.append((path, carrier)) }
    }

    @discardableResult
    mutating func remove(_ path: UInt64) -> (any PathCarrier)? {
        if let first, first.path == path {
            self.first = others.isEmpty ? nil : others.removeFirst()
            return first.carrier
        }
        return others.firstIndex { $0.path == path }.map { others.remove(at: $0).carrier }
    }

    @inline(__always)
    func forEach(_ body: (UInt64, any PathCarrier) -> Void) {
        guard let first else { return }
        body(first.path, first.carrier)
        for (path, carrier) in others { body(path, carrier) }
    }
}
