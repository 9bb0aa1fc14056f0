/// A date with or without a time of the day, in the Gregorian calendar.
struct CalendarTime: Hashable {
    var year = 0
    var month = 0
    var day = 0
    /// The time of the day; nil if only a date is given.
    var hour: Int?
    var minute = 0
    var second = 0
    /// Digits behind the second, as they were written.
    var fraction = ""
    /// How far the clock is ahead of UTC, in minutes; nil if nothing says so.
    var offset: Int?

    /// Whether there is such a date and time.
    var isValid: Bool {
        (1...9999).contains(year) && (1...12).contains(month) && (1...Self.days(of: month, in: year)).contains(day)
            && (0...23).contains(hour ?? 0) && (0...59).contains(minute) && (0...59).contains(second)
            && abs(offset ?? 0) < 24 * 60
    }

    /// The date as it was written, or the instant in UTC; nil if the type needs more than there is.
    func text(as type: DatapointType) -> String? {
        switch type {
        case .date: dateText
        case .datetime: instant
        case .text, .number, .boolean, .json: nil
        }
    }

    private var dateText: String { "\(Self.digits(year, 4))-\(Self.digits(month, 2))-\(Self.digits(day, 2))" }

    /// RFC 3339 in UTC.
    private var instant: String? {
        guard let hour, let offset else { return nil }
        var time = self
        let minutes = hour * 60 + minute - offset
        // An offset is less than a day, so that this is at most one day before or after.
        let days = minutes < 0 ? -1 : minutes >= 1440 ? 1 : 0
        time.move(byDays: days)
        guard (1...9999).contains(time.year) else { return nil }
        let ofDay = minutes - days * 1440
        let clock = "\(Self.digits(ofDay / 60, 2)):\(Self.digits(ofDay % 60, 2)):\(Self.digits(second, 2))"
        let digits = fraction.reversed().drop { $0 == "0" }.reversed()
        return "\(time.dateText)T\(clock)\(digits.isEmpty ? "" : "." + String(digits))Z"
    }

    private mutating func move(byDays days: Int) {
        day += days
        if day < 1 {
            month -= 1
            if month < 1 { (year, month) = (year - 1, 12) }
            day = Self.days(of: month, in: year)
        } else if day > Self.days(of: month, in: year) {
            (month, day) = (month + 1, 1)
            if month > 12 { (year, month) = (year + 1, 1) }
        }
    }

    static func days(of month: Int, in year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private static func digits(_ number: Int, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }
}

extension CalendarTime {
    /// `2024-01-31`, or with a time behind it: `2024-01-31T08:15:27.5+02:00`, as ISO 8601 and RFC 3339 have it; a space may stand for the
    /// `T`, seconds and zone may be left out.
    init?(iso text: String) {
        self.init()
        var scanner = DigitScanner(text.trimmingWhitespace())
        guard let year = scanner.number(digits: 4...4), scanner.skip("-"),
            let month = scanner.number(digits: 2...2), scanner.skip("-"),
            let day = scanner.number(digits: 2...2)
        else { return nil }
        (self.year, self.month, self.day) = (year, month, day)
        if !scanner.isAtEnd {
            guard scanner.skip("T") || scanner.skip("t") || scanner.skip(" "),
                let hour = scanner.number(digits: 2...2), scanner.skip(":"),
                let minute = scanner.number(digits: 2...2)
            else { return nil }
            (self.hour, self.minute) = (hour, minute)
            if scanner.skip(":") {
                guard let second = scanner.number(digits: 2...2) else { return nil }
                self.second = second
                if scanner.skip(".") || scanner.skip(",") {
                    guard let fraction = scanner.digits(1...9) else { return nil }
                    self.fraction = fraction
                }
            }
            if !scanner.isAtEnd {
                guard let offset = scanner.zone() else { return nil }
                self.offset = offset
            }
        }
        guard scanner.isAtEnd, isValid else { return nil }
    }

    /// Seconds since 1970 began in UTC: digits, with or without a sign, a point and more digits.
    init?(secondsSince1970 text: String, scale: Int = 1) {
        self.init()
        var scanner = DigitScanner(text.trimmingWhitespace())
        let isNegative = scanner.skip("-")
        guard let count = scanner.number(digits: 1...15) else { return nil }
        // Parts of a second of time before 1970 would have to be turned round; nobody writes them.
        var fraction = ""
        if !isNegative, scale == 1, scanner.skip(".") {
            guard let digits = scanner.digits(1...9) else { return nil }
            fraction = digits
        }
        guard scanner.isAtEnd else { return nil }
        let units = isNegative ? -count : count
        let (second, rest) = Self.floored(units, by: scale)
        if rest > 0 { fraction = String(String(scale + rest).dropFirst()) }
        let (days, ofDay) = Self.floored(second, by: 86_400)
        guard (-719_162...2_932_896).contains(days) else { return nil }
        (year, month, day) = Self.date(daysSince1970: days)
        (hour, minute, self.second) = (ofDay / 3600, ofDay / 60 % 60, ofDay % 60)
        (self.fraction, offset) = (fraction, 0)
    }

    private static func floored(_ value: Int, by divisor: Int) -> (quotient: Int, remainder: Int) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    private static func date(daysSince1970 count: Int) -> (year: Int, month: Int, day: Int) {
        // From the first day of year 1: whole cycles of 400 years, which all have the same number of days, then years and months one
        // by one.
        let (cycles, ofCycle) = floored(count + 719_162, by: 146_097)
        var (year, rest) = (cycles * 400 + 1, ofCycle)
        while rest >= days(in: year) {
            rest -= days(in: year)
            year += 1
        }
        var month = 1
        while rest >= days(of: month, in: year) {
            rest -= days(of: month, in: year)
            month += 1
        }
        return (year, month, rest + 1)
    }

    private static func days(in year: Int) -> Int { 337 + days(of: 2, in: year) }
}
