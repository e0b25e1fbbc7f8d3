/// Keeps a count of what lies in memory in half a word: sessions are many.
@propertyWrapper
struct FourBytes {
    private var bytes: Int32 = 0

    init(wrappedValue: Int) { self.wrappedValue = wrappedValue }

    var wrappedValue: Int {
        get { Int(bytes) }
        set { bytes = Int32(truncatingIfNeeded: newValue) }
    }
}
