/// The open requests of a connection by id.
///
/// Web servers open one request a connection, so one lies in place, and a dictionary is made for more.
enum RequestTable<Value> {
    case one(UInt16, Value)
    case many([UInt16: Value])

    init() { self = .many([:]) }

    var count: Int {
        switch self {
        case .one: 1
        case .many(let values): values.count
        }
    }

    var isEmpty: Bool { self.count == 0 }

    /// The value of `id`; setting nil removes it.
    subscript(id: UInt16) -> Value? {
        get {
            switch self {
            case .one(let only, let value): only == id ? value : nil
            case .many(let values): values.isEmpty ? nil : values[id]
            }
        }
        set {
            switch self {
            case .one(id, _):
                self = newValue.map { .one(id, $0) } ?? .many([:])
            case .many(let values) where values.isEmpty:
                if let newValue { self = .one(id, newValue) }
            case .one(let other, let value):
                if let newValue { self = .many([other: value, id: newValue]) }
            case .many(var values):
                // So that the dictionary has one owner and changes in place.
                self = .many([:])
                values[id] = newValue
                self = .many(values)
            }
        }
    }

    /// Removes and returns the value of `id`, leaving no reference behind.
    mutating func remove(_ id: UInt16) -> Value? {
        let value = self[id]
        if value != nil { self[id] = nil }
        return value
    }

    /// Empties the table.
    mutating func removeAll() -> [Value] {
        let values = self.values
        self = .many([:])
        return values
    }

    /// All values, in no order.
    var values: [Value] {
        switch self {
        case .one(_, let value): [value]
        case .many(let values): Array(values.values)
        }
    }

    /// The value that lies in place, where there is no other: saves the callers an array.
    var only: Value? {
        if case .one(_, let value) = self { value } else { nil }
    }
}
