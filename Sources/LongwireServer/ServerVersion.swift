/// Which Longwire this is.
public enum ServerVersion {
    /// The version as people write it.
    public static let text = "0.1.0"
}
