/// The open requests of a connection by id.
///
/// Web servers open one request a connection, so the first lies in place and the dictionary, unused, takes no memory.
struct RequestTable<Value> {
    private var first: (id: UInt16, value: Value)?
    private var others: [UInt16: Value] = [:]

    var count: Int { (self.first == nil ? 0 : 1) + self.others.count }

    var isEmpty: Bool { self.first == nil && self.others.isEmpty }

    /// The value of `id`; setting nil removes it.
    subscript(id: UInt16) -> Value? {
        get {
            if let first = self.first, first.id == id { return first.value }
            return self.others.isEmpty ? nil : self.others[id]
        }
        set {
            if let first = self.first, first.id == id {
                self.first = newValue.map { (id, $0) }
            } else if let newValue, self.first == nil, self.others[id] == nil {
                self.first = (id, newValue)
            } else {
                self.others[id] = newValue
            }
        }
    }

    /// Removes and returns the value of `id`, leaving no reference behind.
    mutating func remove(_ id: UInt16) -> Value? {
        if let first = self.first, first.id == id {
            self.first = nil
            return first.value
        }
        return self.others.isEmpty ? nil : self.others.removeValue(forKey: id)
    }

    /// Empties the table.
    mutating func removeAll() -> [Value] {
        let values = self.values
        self.first = nil
        self.others = [:]
        return values
    }

    /// All values, in no order.
    var values: [Value] {
        var values: [Value] = []
        values.reserveCapacity(self.count)
        if let first = self.first { values.append(first.value) }
        values.append(contentsOf: self.others.values)
        return values
    }

    /// The value that lies in place, where there is no other: saves the callers an array.
    var only: Value? {
        self.others.isEmpty ? self.first?.value : nil
    }
}
