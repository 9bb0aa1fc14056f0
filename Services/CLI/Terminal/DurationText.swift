/// Durations as people read them: three figures and a unit.
enum DurationText {
    /// `0 ms`, `1.25 ms`, `318 ms`, `2.04 s`, `1 min 5 s`, `3 h 12 min`.
    static func of(microseconds: Int64) -> String {
        let magnitude = abs(microseconds)
        let text =
            switch magnitude {
            case 0: "0 ms"
            case ..<1_000_000: "\(threeFigures(magnitude, unit: 1_000)) ms"
            case ..<60_000_000: "\(threeFigures(magnitude, unit: 1_000_000)) s"
            case ..<3_600_000_000: "\(magnitude / 60_000_000) min \(magnitude / 1_000_000 % 60) s"
            default: "\(magnitude / 3_600_000_000) h \(magnitude / 60_000_000 % 60) min"
            }
        return microseconds < 0 ? "-\(text)" : text
    }

    static func of(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        return of(microseconds: seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
    }

    private static func threeFigures(_ value: Int64, unit: Int64) -> String {
        let whole = value / unit
        let decimals = whole >= 100 ? 0 : whole >= 10 ? 1 : 2
        let scale: Int64 = decimals == 0 ? 1 : decimals == 1 ? 10 : 100
        let scaled = (value * scale + unit / 2) / unit
        guard decimals > 0 else { return "\(scaled)" }
        let fraction = String(scaled % scale)
        return "\(scaled / scale)." + String(repeating: "0", count: decimals - fraction.count) + fraction
    }
}
