/// Keeps a value that is seldom there: nil takes a word, and only a value takes memory of its own.
///
/// For what a session needs once, at its end for example: thousands of silent sessions do not carry room for it.
@propertyWrapper
package struct Seldom<Value> {
    fileprivate indirect enum Place {
        case empty
        case full(Value)
    }

    private var place = Place.empty

    package init(wrappedValue: Value?) { self.wrappedValue = wrappedValue }

    package var wrappedValue: Value? {
        get { if case .full(let value) = place { value } else { nil } }
        set { place = newValue.map { .full($0) } ?? .empty }
    }
}

extension Seldom: Sendable where Value: Sendable {}
extension Seldom.Place: Sendable where Value: Sendable {}
