/// Instants as RFC 3339 text in UTC, without Foundation's formatters: a log line needs no locale and no allocation but its own.
public enum Timestamp {
    /// `2026-11-20T08:15:30.123Z`, cut to milliseconds.
    public static func rfc3339(nanosecondsSinceEpoch: Int64) -> String {
        let milliseconds = floorDivide(nanosecondsSinceEpoch, 1_000_000)
        let seconds = floorDivide(milliseconds.quotient, 1_000)
        let days = floorDivide(seconds.quotient, 86_400)
        let (year, month, day) = civilDate(daysSinceEpoch: days.quotient)
        let time = days.remainder
        var text = padded(year, 4) + "-" + padded(month, 2) + "-" + padded(day, 2) + "T"
        text += padded(time / 3_600, 2) + ":" + padded(time / 60 % 60, 2) + ":" + padded(time % 60, 2)
        return text + "." + padded(seconds.remainder, 3) + "Z"
    }

    /// The proleptic Gregorian date, counted in eras of 400 years that begin on 1 March, so that the leap day comes last.
    private static func civilDate(daysSinceEpoch: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = floorDivide(daysSinceEpoch + 719_468, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    private static func floorDivide(_ value: Int64, _ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    private static func padded(_ value: Int64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
