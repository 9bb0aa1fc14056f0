/// How long a start of a rate-limited call may take from being asked for to the call's beginning.
///
/// Postgres counts a start as if it came at the end of this time, so that the rate holds at the API whatever the way there
/// costs; a start that comes too late is not used. The window grows when answers are slow and shrinks when they are not.
struct StartWindow {
    static let shortest: Duration = .milliseconds(25)
    static let longest: Duration = .seconds(1)

    private(set) var length = shortest

    /// An answer took this long.
    mutating func note(_ duration: Duration) {
        if duration >= length {
            length = min(length * 2, Self.longest)
        } else if duration < length / 4 {
            length = max(length / 2, Self.shortest)
        }
    }
}
