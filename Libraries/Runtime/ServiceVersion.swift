/// The version of all executables of this repository.
public enum ServiceVersion {
    /// As in `CHANGELOG.md`.
    public static let current = "0.1.0"
}
