package import NIOCore

/// Keeps an optional time in one word, where `Optional` takes two: sessions are many, and most of what may happen to
/// one has not happened.
@propertyWrapper
package struct OneWord<Value: OneWordValue> {
    private var word = Value.nothing

    package init(wrappedValue: Value?) { self.wrappedValue = wrappedValue }

    package var wrappedValue: Value? {
        get { word == Value.nothing ? nil : Value(word: word) }
        set { word = newValue?.word ?? Value.nothing }
    }
}

extension OneWord: Sendable where Value: Sendable {}

/// What ``OneWord`` keeps: a value of one word, of which one never occurs.
package protocol OneWordValue {
    init(word: Int64)
    var word: Int64 { get }
    /// The word that stands for none.
    static var nothing: Int64 { get }
}

extension NIODeadline: OneWordValue {
    package init(word: Int64) { self = .uptimeNanoseconds(UInt64(bitPattern: word)) }
    package var word: Int64 { Int64(bitPattern: uptimeNanoseconds) }
    package static var nothing: Int64 { -1 }
}

extension TimeAmount: OneWordValue {
    package init(word: Int64) { self = .nanoseconds(word) }
    package var word: Int64 { nanoseconds }
    package static var nothing: Int64 { .min }
}

extension UInt64: OneWordValue {
    package init(word: Int64) { self = UInt64(bitPattern: word) }
    package var word: Int64 { Int64(bitPattern: self) }
    package static var nothing: Int64 { -1 }
}
