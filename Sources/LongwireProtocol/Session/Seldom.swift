/// Keeps a value that is seldom there: nil takes a word, and only a value takes memory of its own.
///
/// For what a session needs once, at its end for example: thousands of silent sessions do not carry room for it.
@propertyWrapper
package struct Seldom<Value> {
    @usableFromInline
    indirect enum Place {
        case empty
        case full(Value)
    }

    @usableFromInline var place: Place

    // Made for each type where it is used: otherwise the types are looked up at run time, in thousands of instructions.
    @inlinable
    package init(wrappedValue: Value?) { place = Self.place(of: wrappedValue) }

    @inlinable
    package var wrappedValue: Value? {
        get { if case .full(let value) = place { value } else { nil } }
        set { place = Self.place(of: newValue) }
    }

    @inlinable
    static func place(of value: Value?) -> Place {
        if let value { .full(value) } else { .empty }
    }
}

extension Seldom: Sendable where Value: Sendable {}
extension Seldom.Place: Sendable where Value: Sendable {}
